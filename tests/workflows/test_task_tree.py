"""The rows of an attempt's tasks: what is shown, what is folded away, and what the address says of it."""

from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from workflows.task_tree import FEW, FEW_IN_LOOP, MOST_ROWS, WINDOW, Item, Look, Rest, Tree


def task(pk, parent=None, state="success", round=0, rounds=0, op=""):
    return Item(pk, parent, pk, round, rounds, f"+{pk}", f"+{pk}", op, state, copied=False)


def a_loop(n, **states):
    """Task 1 runs `n` tasks from 2 on, each with one below it; `states` of those whose number is `t5`."""
    found = [task(1, op="for_each", state="planned")]
    for pk in range(2, n + 2):
        state = states.get(f"t{pk}", "success")
        found += [task(pk, 1, state), task(pk + 10_000, pk, state, op="td")]
    return found


def shown(rows):
    return [row.task.pk for row in rows if not isinstance(row, Rest)]


def rest(rows):
    return next(row for row in rows if isinstance(row, Rest))


def test_a_group_shows_all_its_tasks_each_below_the_one_it_belongs_to():
    rows = Tree([task(1), task(2, 1), task(3, 2, op="td"), task(4, 1, op="echo")], Look()).rows()
    assert [(row.task.pk, row.depth) for row in rows] == [(1, 0), (2, 1), (3, 2), (4, 1)]


def test_of_a_long_loop_what_failed_and_what_runs_is_shown_and_the_rest_is_counted():
    rows = Tree(a_loop(900, t500="error", t700="running", t901="blocked"), Look()).rows()
    assert {500, 10_500, 700, 10_700} < set(shown(rows))
    assert len(shown(rows)) == 1 + FEW_IN_LOOP + 2  # of those that ended well, what lies below is folded away
    assert rest(rows).says == "890 more: 889 success, 1 waiting for its turn"


def test_a_long_loop_is_paged_through():
    first = Look.parse({"all": "1-0"})
    assert shown(Tree(a_loop(250), first).rows())[1:] == list(range(2, 2 + WINDOW))
    last = Tree(a_loop(120), first.paged(1, 7)).rows()  # behind the end: the last window
    assert shown(last)[1:] == list(range(102, 122)) and rest(last).says == "101–120 of 120 tasks"
    assert [text for text, _ in rest(last).links] == ["Previous", "Show fewer"]


def test_what_someone_has_opened_or_shut_stays_so():
    shut = Tree(a_loop(3), Look().turned(1, opened=False)).rows()
    assert shown(shut) == [1] and not shut[0].fold.opened
    opened = Tree(a_loop(3), Look().turned(3, opened=True)).rows()
    assert shown(opened) == [1, 2, 3, 10_003, 4]


def test_the_task_that_the_address_names_is_shown_wherever_it_lies():
    rows = Tree(a_loop(900), Look.parse({"task": "10500"})).rows()
    assert {500, 10_500} < set(shown(rows)) and len(shown(rows)) == 1 + FEW_IN_LOOP + 1
    assert 10_500 not in shown(Tree(a_loop(900), Look.parse({"task": "10500", "shut": "500"})).rows())
    busy = {f"t{n}": "error" if n < 20 else "running" for n in range(10, 30)}
    rows = Tree(a_loop(900, **busy), Look.parse({"task": "10500"})).rows()
    assert rest(rows).says.startswith("889 more") and {500, 10, 20} < set(shown(rows))


def test_earlier_tries_are_shown_when_someone_asks():
    tasks = [task(1, rounds=1), task(2, 1, "error", round=0), task(3, 1, round=1)]
    rows = Tree(tasks, Look()).rows()
    assert shown(rows) == [1, 3] and not rows[0].retries.opened
    again = Tree(tasks, Look.parse({"tries": "1"})).rows()
    assert [(row.task.pk, row.earlier) for row in again] == [(1, False), (2, True), (3, False)]


def test_groups_stay_shut_once_the_page_is_full():
    groups = [task(n, 1, op="") for n in range(2, FEW + 2)]
    below = [task(100 * group.pk + n, group.pk, op="td") for group in groups for n in range(20)]
    rows = Tree([task(1), *groups, *below], Look()).rows()
    assert MOST_ROWS <= len(rows) < MOST_ROWS + 20 + FEW
    assert set(shown(rows)) >= {group.pk for group in groups}


NUMBERS = st.frozensets(st.integers(1, 10**6), max_size=5)


@given(
    st.none() | st.integers(1, 10**6), NUMBERS, NUMBERS, NUMBERS, st.dictionaries(st.integers(1, 99), st.integers(0, 9))
)
def test_the_address_keeps_what_is_seen(chosen, opened, shut, tries, pages):
    look = Look(chosen, opened, shut, tries, pages)
    assert Look.parse(QueryDict(look.encode().removeprefix("?"))) == look


@given(st.text(max_size=60))
def test_an_address_that_someone_has_written_is_no_fault(text):
    Tree(a_loop(3), Look.parse(dict.fromkeys(("task", "open", "shut", "tries", "all"), text))).rows()
