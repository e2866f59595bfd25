from benchmarks import encode, events
from exports.exporter.pipeline import chunks

NOW = 1_795_000_000


def test_equal_arguments_give_equal_rows():
    assert events.table(500, now=NOW).equals(events.table(500, now=NOW))


def test_one_row_in_fifty_is_invalid(tmp_path):
    (batch,) = events.table(10_000, now=NOW).to_batches()
    (chunk,) = chunks(encode.plan_for(batch.schema, NOW), [(0, batch)])
    assert 150 < len(chunk.rejects) < 280
    assert len({(name, reason.code) for _, reasons in chunk.rejects for name, reason in reasons}) > 20


def test_an_event_has_about_900_bytes():
    (batch,) = events.table(10_000, now=NOW).to_batches()
    (chunk,) = chunks(encode.plan_for(batch.schema, NOW), [(0, batch)])
    assert 800 < len(chunk.text) / chunk.events < 1000


def test_repeated_rows_have_keys_of_their_own():
    (batch,) = events.table(100, now=NOW).to_batches()
    column = "deduplication_key"
    again = events.with_prefix(batch, "1-")
    assert not set(batch[column].drop_null().to_pylist()) & set(again[column].drop_null().to_pylist())


def test_a_file_is_made_once(tmp_path):
    path = events.written(tmp_path, 1_000)
    made = path.stat().st_mtime_ns
    assert events.written(tmp_path, 1_000).stat().st_mtime_ns == made
    assert sum(len(batch) for _, batch in events.read(path, 700)) == 700
