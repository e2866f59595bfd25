import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows import editing
from workflows.editing import Edit, NotApplied

FILES = {"daily.dig": b"+a:\r\n  echo>: a\r\n", "q/a.sql": b"SELECT 1", "logo.png": b"\xff\x00"}
PATHS = st.sampled_from(["a.dig", "b.dig", "q/a.sql", "q/b.sql"])
TEXTS = st.text("a \r\n\ufeffあ", max_size=8)
STATES = st.dictionaries(PATHS, TEXTS.map(str.encode))


def sent(files, **changed):
    """What a browser sends of these files: text with CRLF."""
    texts = {path: editing.text_of(content) for path, content in files.items()}
    return [Edit(path, path, text if text is None else text.replace("\n", "\r\n")) for path, text in texts.items()]


@given(STATES)
def test_what_nobody_changed_keeps_its_bytes(files):
    assert editing.apply(sent(files), files) == files


def test_a_text_keeps_how_its_lines_end_and_others_stay():
    edits = [Edit("daily.dig", "daily.dig", "+a:\r\n  echo>: b\r\n"), Edit("q/a.sql", "q/a.sql", "SELECT\r\n 1")]
    made = editing.apply(edits, FILES)
    assert made == {**FILES, "daily.dig": b"+a:\r\n  echo>: b\r\n", "q/a.sql": b"SELECT\n 1"}


def test_files_change_names_with_each_other_and_go():
    edits = [Edit("daily.dig", "q/a.sql", "x"), Edit("q/a.sql", "daily.dig", "y"), Edit("logo.png", "l.png", None)]
    made = editing.apply([*edits, Edit("", "", " \r\n"), Edit("", "new.sql", "z")], FILES)
    assert made == {"q/a.sql": b"x", "daily.dig": b"y", "l.png": b"\xff\x00", "new.sql": b"z"}
    assert editing.apply([Edit("logo.png", "", None, gone=True)], FILES).keys() == {"daily.dig", "q/a.sql"}


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (Edit("", "", "x"), "Every file needs a path"),
        (Edit("", "../x", ""), "is no path within a project"),
        (Edit("", "./a//b.sql", ""), "Write this path as a/b.sql."),
        (Edit("", "daily.dig", ""), "Two files cannot both be called daily.dig."),
        (Edit("", "q", ""), "a file or a folder, not both"),
        (Edit("", "daily.dig/a", ""), "a file or a folder, not both"),
        (Edit("", "a\nb", ""), "is no path within a project"),
    ],
    ids=lambda value: value.path if isinstance(value, Edit) else "",
)
def test_paths_that_cannot_be_taken(edit, told):
    with pytest.raises(NotApplied, match=told) as error:
        editing.apply([edit], FILES)
    assert error.value.problems[0].place.file == edit.path


@given(STATES, STATES, STATES)
def test_own_changes_go_onto_the_latest_files_and_take_nothing_else_back(base, mine, latest):
    own, merged = editing.changes(base, mine).all, editing.onto(latest, base, mine)
    for path in base.keys() | mine.keys() | latest.keys():
        assert merged.get(path) == (mine if path in own else latest).get(path)


@given(STATES, STATES)
def test_changes_say_what_differs(old, new):
    found = editing.changes(old, new)
    assert bool(found) == (old != new) == bool(found.in_words())
    assert found.all == {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


def test_changes_in_words():
    found = editing.changes({"a": b"1", "b": b"", "c": b""}, {"a": b"2", "d": b"", "e": b"", "f": b"", "g": b""})
    assert found.in_words() == "Edited a; added 4 files; removed b and c"


def test_texts_that_fit_into_one_form(monkeypatch):
    monkeypatch.setattr(editing, "MOST_CHARACTERS", 10)
    files = {"a.sql": b"12345", "b.sql": b"12345", "c.dig": b"123456", "d.bin": b"\xff", "e.txt": b"\0"}
    assert editing.editable(files) == {"c.dig": "123456"}
    assert editing.editable(files, "b.sql") == {"a.sql": "12345", "b.sql": "12345"}
    assert editing.editable(files, "d.bin") == {"c.dig": "123456"}
