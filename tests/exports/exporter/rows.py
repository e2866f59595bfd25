"""Rows for the exporter's tests, and what the reference makes of them."""

from itertools import pairwise

import numpy as np
import orjson
import pyarrow as pa

from exports.exporter.encode import encode
from exports.exporter.explain import explain_row
from exports.exporter.mapping import Column, suggest
from exports.exporter.plan import compile_plan
from exports.exporter.reasons import row_values
from integrations.connectors.line_conversion import CONNECTOR

NOW = 1_795_000_000  # 2026-11-18T11:06:40Z
SETTINGS = {"line_channel_id": "1234567890"}
FIELDS = [f.name for f in CONNECTOR.fields]
GOOD = {
    "deduplication_key": "k1",
    "event_type": "conversion",
    "source_type": "web",
    "event_timestamp": NOW - 5,
    "click_id": "abc",
}


def table(rows, **types):
    """Rows as one record batch with a column for each field. `types`: Arrow types by field; text otherwise."""
    types = {"event_timestamp": pa.int64(), **types}
    arrays = [pa.array([row.get(name) for row in rows], types.get(name, pa.string())) for name in FIELDS]
    return pa.RecordBatch.from_arrays(arrays, FIELDS)


def column(name, array):
    """Good rows with one column of any type, as they stand in `array`."""
    batch = table([GOOD] * len(array))
    return batch.set_column(FIELDS.index(name), name, array)


def plan_of(batch, mapping=None, *, settings=SETTINGS, now=NOW, time_zone="Asia/Tokyo"):
    mapping = suggest(CONNECTOR, FIELDS) if mapping is None else mapping
    return compile_plan(CONNECTOR, mapping, settings, batch.schema, now=now, time_zone=time_zone)


def explained(plan, batch):
    """-> (events of the good rows, [(row, reasons)] of the bad ones), by the reference."""
    results = [explain_row(plan, row) for row in row_values(plan, batch, np.arange(len(batch)))]
    events = [event for event, _ in results if event is not None]
    return events, [(row, tuple(reasons)) for row, (_, reasons) in enumerate(results) if reasons]


def both_agree(plan, batch):
    """Holds the encoder against the reference, byte for byte; -> what `explained` gives."""
    events, rejects = explained(plan, batch)
    encoded = encode(plan, batch)
    assert encoded.rejects == rejects
    assert b"[" + bytes(encoded.text)[:-1] + b"]" == orjson.dumps(events)
    starts = [0, *encoded.ends.tolist()]
    cells = [bytes(encoded.text[a : b - 1]) for a, b in pairwise(starts)]
    assert cells == [orjson.dumps(event) for event in events]
    assert encoded.times.tolist() == [event["event"]["event_timestamp"] for event in events]
    return events, rejects


def codes_of(name, values, type_=None):
    """The code of the refusal of each value of one field, None where it is accepted; checks and reference agree."""
    array = values if isinstance(values, pa.Array) else pa.array(values, type_)
    batch = column(name, array)
    _, rejects = both_agree(plan_of(batch), batch)
    found = {row: reasons[0][1].code for row, reasons in rejects}
    return [found.get(row) for row in range(len(array))]


def sent(name, values, type_=None):
    """What stands in the event for each accepted value of one field."""
    batch = column(name, values if isinstance(values, pa.Array) else pa.array(values, type_))
    events, _ = both_agree(plan_of(batch), batch)
    return [next((part[name] for part in event.values() if name in part), None) for event in events]


def all_columns(names=FIELDS):
    return {name: Column(name) for name in names}
