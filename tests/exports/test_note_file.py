"""The file of notes: any order of writing gives the sums of the reference."""

import numpy as np
import pytest

from exports.exporter import readiness
from exports.exporter.pipeline import check_only
from exports.exporter.reasons import row_values
from exports.note_file import NAME, NoteFile
from integrations.connectors.line_conversion import CONNECTOR
from tests.exports.exporter.rows import GOOD, plan_of, table

DAY = 86400


def rows_of(count):
    """Good rows but for each seventh; keys and e-mail addresses that come again."""
    return table(
        [
            {
                **GOOD,
                "deduplication_key": f"k{n % 211}",
                "email": None if n % 3 else f"u{n % 50}@b.jp",
                "event_type": "bad" if n % 7 == 3 else "page_view",
            }
            for n in range(count)
        ]
    )


def expected(plan, batch):
    return readiness.summary(plan, row_values(plan, batch, np.arange(len(batch))))


@pytest.fixture
def batch():
    return rows_of(2000)


@pytest.fixture
def file(tmp_path):
    with NoteFile(tmp_path, CONNECTOR, 2000) as opened:
        yield opened


@pytest.mark.parametrize("held", [1, 50, 10**6])
def test_the_file_is_summed_up_as_the_reference_counts(file, batch, held):
    plan = plan_of(batch)
    check_only(plan, [(0, batch)], file.write)
    assert file.summary(2000, hashed=["phone", "email"], held=held) == expected(plan, batch)


def test_rows_may_be_written_in_any_order_and_again(file, batch):
    plan = plan_of(batch)
    for first in (1500, 1200, 700, 0, 300):
        check_only(plan, [(first, batch.slice(first, 900))], file.write)
    assert file.summary(2000, hashed=["phone", "email"]) == expected(plan, batch)


def test_a_row_that_is_not_good_any_more_counts_no_more(file, batch):
    check_only(plan_of(batch), [(0, batch)], file.write)
    later = plan_of(batch, now=GOOD["event_timestamp"] + 91 * DAY)
    check_only(later, [(0, batch)], file.write)
    assert file.summary(2000, hashed=["email"]).to_json() == expected(later, batch).to_json() | {
        "hashes": {"email": {"upper": 0, "blank": 0, "most": 0}}
    }


def test_only_the_rows_before_the_end_count(file, batch):
    plan = plan_of(batch)
    check_only(plan, [(0, batch)], file.write)
    assert file.summary(777, hashed=["phone", "email"]) == expected(plan, batch.slice(0, 777))


def test_rows_without_notes_are_known(file, batch):
    assert file.first_unseen(2000) == 0
    check_only(plan_of(batch), [(0, batch.slice(0, 900)), (901, batch.slice(901))], file.write)
    assert (file.first_unseen(2000), file.first_unseen(900)) == (900, None)


def test_a_file_of_another_shape_is_begun_anew(tmp_path, batch):
    with NoteFile(tmp_path, CONNECTOR, 2000) as file:
        check_only(plan_of(batch), [(0, batch)], file.write)
    with NoteFile(tmp_path, CONNECTOR, 2000) as file:
        assert file.first_unseen(2000) is None
    with NoteFile(tmp_path, CONNECTOR, 2001) as file:
        assert file.first_unseen(2001) == 0
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
