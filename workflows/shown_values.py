"""Values of tasks and attempts as people may see them: no secret, and personal data masked."""

import json
from collections.abc import Mapping
from typing import Any

from exports.masking import personal_columns
from warehouse.masking import mask_cell
from workflows.masking import Mask


def as_json(values: Any, project: int) -> str:
    """What may be shown of them, as JSON; "" of nothing. `project`: whose secrets are masked."""
    return json.dumps(shown(values, Mask(project)), indent=2, ensure_ascii=False) if values else ""


def shown(values: Any, mask: Mask) -> Any:
    """What may be shown of them. `mask`: of their project."""
    return _masked(mask.values(values), personal=False)


def _masked(value: Any, *, personal: bool) -> Any:
    """`personal`: it stands under a name, such as a column's, that says so."""
    if isinstance(value, Mapping):
        names = personal_columns(str(key) for key in value)
        return {key: _masked(one, personal=personal or str(key) in names) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, personal=personal) for one in value]
    if isinstance(value, str):
        return mask_cell(value, personal=personal)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return mask_cell(str(value), personal=True) if personal and is_number else value
