"""The output columns: read, checked, and what their SQL writes."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb
import pytest

from audiences import output_sql, outputs, stamps
from audiences.output_sql import Names
from audiences.outputs import Attribute, Built, Outputs, OutputsError, Parameter
from audiences.rules.schema import Schema

SCHEMA = Schema("cdp_audience_7", "customers", {"customer_id": "BIGINT", "email": "VARCHAR", "line_uid": "VARCHAR"})
NAMES = Names(segment=42, segment_name="Lapsed, 'high' value", audience=7)


def built(column, *parameters, string="$1"):
    return Built(column, string, parameters)


def written(*strings):
    """What the columns hold, by name."""
    made = output_sql.expressions(Outputs(False, (), strings), SCHEMA, NAMES)
    select = "SELECT " + ", ".join(value.sql(dialect="duckdb") for _, value in made)
    row = duckdb.connect().execute(select).fetchone()
    return dict(zip([name for name, _ in made], row, strict=True))


def test_what_the_api_gives_is_kept_as_it_is():
    columns = [
        {"column": "uid", "source": {"column": "line_uid"}},
        {"column": "key", "source": {"string": "s$1-$2", "parameters": [
            {"type": "SegmentId"}, {"type": "Timestamp", "format": "yyyy", "timezone": "Asia/Tokyo"}]}},
        {"column": "event_type", "source": {"string": "$1", "parameters": [{"type": "String", "value": "conversion"}]}},
    ]  # fmt: skip
    found = outputs.read(False, columns)
    assert found.columns() == columns
    assert found.names(SCHEMA) == ["uid", "key", "event_type"]
    assert found.strings[0].says == "“s” + segment id + “-” + time of export"
    assert Outputs(True, found.attributes, found.strings).names(SCHEMA) == [*SCHEMA.columns, "key", "event_type"]


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"column": 3},
        {"string": "a"},
        {"string": "$1", "parameters": [{"type": "Date"}]},
        {"string": "$1", "parameters": [{"type": []}]},
    ],
)
def test_what_is_no_source_is_refused(source):
    with pytest.raises(OutputsError):
        outputs.read(False, [{"column": "a", "source": source}])


def test_strings_are_the_same_in_every_row():
    ids = [
        built(name, Parameter(kind)) for name, kind in (("s", "SegmentId"), ("n", "SegmentName"), ("a", "AudienceId"))
    ]
    combined = built(
        "k", Parameter("AudienceId"), Parameter("SegmentId"), Parameter("String", "x"), string="p$1-$2/$3$"
    )
    found = written(built("v", Parameter("String", "it's $1 \\")), *ids, combined)
    assert found == {"v": "it's $1 \\", "s": "42", "n": "Lapsed, 'high' value", "a": "7", "k": "p7-42/x$"}


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York", "Asia/Kathmandu"])
def test_a_timestamp_is_the_time_of_the_export(zone):
    before = int(time.time())
    found = written(
        built("unix", Parameter("Timestamp")),
        built("iso", Parameter("Timestamp", format=stamps.ISO, timezone=zone)),
        built("own", Parameter("Timestamp", format="dd.MM.yyyy 'o''clock' HH:mm:ss Z X", timezone=zone)),
        built("text", Parameter("Timestamp"), string="t$1"),
    )
    assert before <= found["unix"] <= int(time.time())
    assert found["text"] == f"t{found['unix']}"
    local = datetime.fromtimestamp(found["unix"], ZoneInfo(zone))
    assert datetime.fromisoformat(found["iso"]) == local
    assert found["iso"].endswith("Z" if zone == "UTC" else local.isoformat()[-6:])
    short = (
        "Z" if zone == "UTC" else f"{local:%z}".removesuffix("00") if f"{local:%z}".endswith("00") else f"{local:%z}"
    )
    assert found["own"] == f"{local:%d.%m.%Y} o'clock {local:%H:%M:%S} {local:%z} {short}"


@pytest.mark.parametrize(
    ("made", "field", "says"),
    [
        (Outputs(False), "", "Nothing would be exported"),
        (Outputs(False, (Attribute("a", "gone"),)), "source", "has no column “gone”"),
        (Outputs(False, (Attribute("", "email"),)), "column", "Enter a name"),
        (Outputs(False, (Attribute("a", "email"), Attribute("A", "line_uid"))), "column", "Another output column"),
        (Outputs(True, (), (built("EMAIL", Parameter("SegmentId")),)), "column", "Another output column"),
        (Outputs(True, (), (built("a", Parameter("String")),)), "value", "Enter the value"),
        (
            Outputs(True, (), (built("a", Parameter("String", "x"), string="$2"),)),
            "value",
            "must name its 1 parameters",
        ),
        (Outputs(True, (), (built("a", Parameter("SegmentId"), string="$1\0"),)), "value", "no text can have"),
        (Outputs(True, (), (built("a", Parameter("Timestamp", format="YYYY")),)), "format", "Write yyyy"),
        (Outputs(True, (), (built("a", Parameter("Timestamp", format="yyyy\0")),)), "format", "cannot be seen"),
        (Outputs(True, (), (built("a", Parameter("Timestamp", timezone="Mars/X")),)), "timezone", "no time zone"),
    ],
)
def test_what_is_wrong_is_told_of_its_line_and_field(made, field, says):
    with pytest.raises(OutputsError) as refused:
        made.check(SCHEMA)
    assert refused.value.problems[0].field == field
    assert says in refused.value.problems[0].text
