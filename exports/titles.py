"""What a job is called that runs a text which nobody saved under a name."""

import re

from django.utils.text import Truncator

from exports.queries import UNTITLED
from warehouse.masking import mask

LONGEST = 80
_COMMENTS = re.compile(r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)


def of_sql(sql: str) -> str:
    """Its first line that is no comment, without what looks like personal data."""
    start = _COMMENTS.match(sql)
    line = sql[start.end() if start else 0 :][:1_000].partition("\n")[0]
    return Truncator(mask(" ".join(line.split()))).chars(LONGEST) or UNTITLED
