"""The checklist beside the mapping: what the destination requires, and what it would say of some customers."""

from dataclasses import dataclass

import pyarrow.compute as pc
from django.utils import timezone
from sqlglot import exp

from accounts.models import User
from audiences import activations, compiled
from audiences.activation_drafts import ActivationDraft
from audiences.outputs import Outputs, OutputsError
from audiences.rules.problems import RuleError
from audiences.rules.schema import Schema
from exports.preview import SAMPLE_ROWS
from exports.target_drafts import Draft
from exports.target_panel import Panel
from exports.target_rows import Row
from exports.target_sample import Sample, sample_of
from integrations.spec import Connector

NOT_BUILT = "The parent segment has not been built yet: there are no customers to look at. Columns are matched by name."
NO_ROWS = "No customer is in this segment now. Columns are matched by name."


@dataclass(frozen=True)
class Item:
    """A field of the destination: where its values come from, and what the sample says."""

    row: Row
    source: str

    @property
    def good(self) -> bool:
        return self.row.state in ("ok", "map")


@dataclass(frozen=True)
class Checklist:
    """`says`: what it stands on; `problem`: why nobody was looked at. `loading`: a sample can be had, but was not
    taken."""

    panel: Panel
    required: list[Item]
    others: list[Item]
    says: str = ""
    problem: str = ""
    loading: bool = False

    @property
    def repeated(self) -> str:
        """How many customers of the sample have a key for their event that another one has; "" if none has."""
        table, key = self.panel.sample.table, self.panel.connector.key_field
        if table is None or key not in table.column_names:
            return ""
        keys = table.column(key).drop_null()
        if not (more := len(keys) - pc.count_distinct(keys).as_py()):
            return ""
        return f"{more:,} of {len(keys):,} events would have the {key} of another one: {self.short} drops them."

    @property
    def short(self) -> str:
        """The destination's short name."""
        return short(self.panel.connector)


def short(connector: Connector) -> str:
    """The first word of its name: "LINE"."""
    return connector.name.split()[0]


def checklist(draft: ActivationDraft, *, user: User, sampled: bool) -> Checklist | None:
    """None while no authentication is chosen. `sampled`: run the query for up to SAMPLE_ROWS customers."""
    details, form = draft.details(judged=True), draft.mapping(judged=True)
    if details.authentication is None:
        return None
    sample, says, problem = _sample(draft, form.outputs, user, sampled=sampled)
    settings = details.settings.values() if details.settings.is_valid() else None
    zone = draft.rules.schema.time_zone
    now = int(timezone.now().timestamp())
    panel = Panel(Draft(details.authentication, None, settings), sample, time_zone=zone, now=now)
    sources = _sources(form.outputs, draft.rules.schema)
    items = [Item(row, sources.get(row.column, "")) for row in panel.rows]
    return Checklist(
        panel=panel,
        required=[item for item in items if item.row.field.required],
        others=[item for item in items if item.row.mapped and not item.row.field.required],
        says=says,
        problem=problem,
        loading=not sampled and not problem,
    )


def _sources(chosen: Outputs, schema: Schema) -> dict[str, str]:
    """{output column: where its values come from}"""
    attributes = {one.column: f"from {one.source}" for one in chosen.taken(schema)}
    return attributes | {one.column: one.says for one in chosen.strings}


def _sample(draft: ActivationDraft, chosen: Outputs, user: User, *, sampled: bool) -> tuple[Sample, str, str]:
    """(the sample, what it is, why there is none)"""
    by_name = Sample(columns=tuple(chosen.names(draft.rules.schema)), known=True)
    try:
        query = activations.select(draft.segment, chosen, draft.rules)
        some = compiled.sql(exp.select("*").from_(query.subquery("sample")).limit(SAMPLE_ROWS))
    except (OutputsError, RuleError) as error:
        return by_name, "", str(error)
    if not activations.built(draft.segment.parent_segment):
        return by_name, "", NOT_BUILT
    if not sampled:
        return by_name, "", ""
    found = sample_of(compiled.runnable(draft.segment.parent_segment, some), user=user)
    if found.error:
        return by_name, "", found.error
    if not found.rows:
        return by_name, "", NO_ROWS
    return found, _says(found.rows), ""


def _says(rows: int) -> str:
    if rows == 1:
        return "Checked against the only customer of the segment"
    return f"Checked against {'' if rows == SAMPLE_ROWS else 'all '}{rows:,} customers of the segment"
