"""What changed from one version to the next."""

import pytest

from exports import differences, queries, targets
from exports.differences import Change, Line
from tests.exports.queries import a_draft, a_query, line, target_text


def test_it_shows_changed_lines_with_their_numbers():
    (hunk,) = differences.lines("SELECT a\nFROM t\nLIMIT 1", "SELECT a\nFROM u\nLIMIT 1")
    assert hunk == [
        Line(" ", 1, 1, "SELECT a"),
        Line("-", 2, None, "FROM t"),
        Line("+", None, 2, "FROM u"),
        Line(" ", 3, 3, "LIMIT 1"),
    ]


def test_changes_far_apart_stand_apart_with_three_lines_around():
    old = [f"line {n}" for n in range(30)]
    new = ["first", *old[1:-1], "last"]
    first, last = differences.lines("\n".join(old), "\n".join(new))
    assert [line.text for line in first] == ["line 0", "first", "line 1", "line 2", "line 3"]
    assert [line.sign for line in last] == [" ", " ", " ", "-", "+"]


def test_the_same_text_has_no_changes():
    assert differences.lines("SELECT 1", "SELECT 1\n") == []


def test_texts_of_thousands_of_equal_lines_differ_between_their_ends():
    same = [","] * 5_000
    old, new = ["SELECT a", *same, "FROM t"], ["SELECT a", *same, "b", *same, "FROM t"]
    (hunk,) = differences.lines("\n".join(old), "\n".join(new))
    signs = "".join(line.sign for line in hunk)
    assert signs == "   " + "+" * 5_001 + " "
    assert differences.lines("\n".join(old), "\n".join([*old, ""])) == []


@pytest.mark.django_db
def test_it_names_what_changed_beside_the_sql(editor):
    query, authentication = a_query(), line()
    target = targets.parse(target_text(authentication, phone="tel"))
    queries.update(query, a_draft(time_zone="UTC", target=target), base=1, user=editor)
    old, new = query.versions.get(number=1), query.versions.get(number=2)
    found = differences.changes(old, new)
    assert Change("Time zone", "Asia/Tokyo", "UTC") in found
    assert Change("Export to", "", "line_prod") in found
    assert Change("Field phone", "", "column tel") in found
    assert Change("Ignore Invalid Records", "", "true") in found
    assert "Name" not in [change.label for change in found]


@pytest.mark.django_db
def test_it_tells_of_an_integration_that_is_gone():
    authentication = line()
    query = a_query(target=targets.parse(target_text(authentication)))
    version = query.versions.get()
    query.export_target.delete()
    pk = authentication.pk
    authentication.delete()
    assert Change("Export to", "", f"integration {pk}, deleted") in differences.changes(None, version)
