"""What runs next, by rule: one example each."""

import pytest

from tests.workflows.flow.trees import Play, group, op
from workflows.flow.model import Retry, State

BAD = 99  # failures: more than any retry


def test_of_a_sequence_the_first_is_ready_and_the_next_when_it_has_ended_well():
    play = Play(group(op(), op()))
    assert play.states() == ["planned", "ready", "blocked"]
    play.move(2), play.move(2)
    assert play.states() == ["planned", "success", "ready"]
    assert play.finish().ended == State.SUCCESS


def test_what_comes_after_a_failure_is_not_run_with_all_in_it():
    play = Play(group(op(BAD), group(op(), op()), op())).finish()
    assert play.states() == ["error", "error", "canceled", "canceled", "canceled", "canceled"]


def test_in_parallel_all_are_ready_and_the_others_go_on_when_one_fails():
    play = Play(group(op(BAD), op(), op(), limit=0))
    assert play.states() == ["planned", *["ready"] * 3]
    assert play.finish().states() == ["error", "error", "success", "success"]


def test_with_a_limit_the_next_starts_as_soon_as_one_has_ended():
    play = Play(group(op(), op(), op(), op(), limit=2))
    assert play.states()[1:] == ["ready", "ready", "blocked", "blocked"]
    play.move(3), play.move(3)
    assert play.states()[1:] == ["ready", "success", "ready", "blocked"]


def test_tasks_that_wait_count_for_the_limit():
    play = Play(group(op(), op(), limit=1))
    play.move(2), play.move(2, wait=True)
    assert play.states()[1:] == ["waiting", "blocked"]


def test_an_operator_ends_when_what_it_has_made_has():
    play = Play(group(op(tasks=[op(), op()]), op()))
    play.move(2), play.move(2)
    assert play.states() == ["planned", "planned", "blocked", "ready", "blocked"]
    assert play.finish().states() == ["success"] * 5


def test_a_failure_is_repeated_as_often_as_it_may():
    play = Play(group(op(2, retry=Retry(2, 10)), op())).finish()
    assert (play.ended, play.waits, play.tasks[2].rounds) == (State.SUCCESS, [10, 10], 2)
    assert Play(group(op(3, retry=Retry(2, 10)))).finish().ended == State.ERROR


@pytest.mark.parametrize(
    ("retry", "waits"),
    [
        (Retry(4, 10), [10, 10, 10, 10]),
        (Retry(4, 10, doubles=True), [10, 20, 40, 80]),
        (Retry(4, 10, 30, doubles=True), [10, 20, 30, 30]),
        (Retry(1), [0]),
        (Retry(2, 10**18, doubles=True), [7 * 86_400, 7 * 86_400]),
    ],
)
def test_the_seconds_between_tries(retry, waits):
    assert Play(group(op(BAD, retry=retry))).finish().waits == waits


def test_a_group_is_repeated_with_all_that_is_in_it():
    play = Play(group(group(op(), op(BAD), retry=Retry(1, 5)))).finish()
    assert (play.order, play.waits) == ([3, 4, 5, 6], [5])
    assert [task.round for task in play.tasks.values()] == [0, 0, 0, 0, 1, 1]


def test_an_operator_with_a_body_is_repeated_when_the_body_fails():
    play = Play(group(op(tasks=[op(BAD)], retry=Retry(1)))).finish()
    assert play.order == [2, 3, 2, 4]


def test_an_error_body_runs_once_the_last_try_has_failed_and_then_the_task_is_in_error():
    play = Play(group(op(BAD, retry=Retry(1), error=op()), op()))
    for pk in (2, 2, 2, 2, 2):
        assert 4 not in play.tasks
        play.move(pk)
    assert play.states() == ["planned", "planned", "blocked", "ready"]
    assert play.finish().states() == ["error", "error", "canceled", "success"]


def test_an_error_body_of_a_group_hears_which_task_failed_first():
    play = Play(group(group(op(), op(BAD)), error=op()))
    heard = []
    while play.ended is None:
        play.move(play.able()[0])
        heard += [cause for _, _, cause in play.changes.bodies]
    assert play.ended == State.ERROR
    assert play.changes.failed == {1: 4}


def test_that_an_error_body_fails_changes_nothing():
    play = Play(group(op(BAD, error=op(BAD)))).finish()
    assert play.states() == ["error", "error", "error"]
    assert play.changes.failed == {1: 2}


def test_a_check_runs_after_success_alone():
    assert Play(group(op(check=op()))).finish().states() == ["success"] * 3
    assert Play(group(op(BAD, check=op()))).finish().states() == ["error", "error"]


def test_a_check_that_fails_is_a_failure_of_its_task():
    play = Play(group(op(check=op(BAD), retry=Retry(1), error=op()), op())).finish()
    assert play.order == [2, 4, 2, 5, 6]
    assert play.states() == ["error", "error", "canceled", "error", "error", "success"]


def test_a_disabled_task_ends_well_at_its_turn_and_not_before():
    play = Play(group(op(), op(disabled=True), op()))
    assert play.states()[1:] == ["ready", "blocked", "blocked"]
    play.move(2), play.move(2)
    assert play.states()[1:] == ["success", "success", "ready"]


def test_a_group_with_nothing_in_it_ends_well_at_once():
    assert Play(group(group(), group(group()))).ended == State.SUCCESS


def test_a_kill_ends_what_no_worker_has_and_the_attempt_when_none_runs():
    play = Play(group(op(), op(), group(op(), op()), limit=0))
    play.move(2)
    play.kill()
    assert play.states() == ["planned", "running", "canceled", "canceled", "canceled", "canceled"]
    play.move(2)
    assert (play.states()[:2], play.ended) == (["canceled", "success"], State.CANCELED)


def test_after_a_kill_neither_errors_nor_checks_nor_repetitions_run():
    for spec in (op(BAD, error=op()), op(BAD, retry=Retry(3)), op(check=op())):
        play = Play(group(spec, check=op(), error=op()))
        play.move(2)
        play.kill()
        play.move(2)
        assert (len(play.tasks), play.ended) == (2, State.CANCELED)
