"""Whatever the tree, whatever fails, and in whatever order workers take tasks."""

from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.flow.trees import Play, Spec
from workflows.flow.model import FINAL, HELD_UP, Kind, Retry, State

RETRIES = st.builds(Retry, st.integers(0, 2), st.sampled_from([0, 1, 10]), st.none(), st.booleans())


def _specs(inner):
    bodies = st.one_of(st.none(), st.none(), inner)
    return st.builds(
        Spec,
        op=st.booleans(),
        fails=st.sampled_from([0, 0, 0, 1, 2, 9]),
        tasks=st.lists(inner, max_size=4),
        limit=st.sampled_from([None, None, 0, 1, 2]),
        retry=RETRIES,
        error=bodies,
        check=bodies,
        disabled=st.sampled_from([False] * 7 + [True]),
    )


LEAVES = st.builds(Spec, fails=st.sampled_from([0, 0, 0, 1, 2, 9]), retry=RETRIES)
TREES = st.recursive(LEAVES, _specs, max_leaves=7).map(
    lambda spec: Spec(op=False, tasks=[_as_file(spec)])  # the root is a group
)


def _as_file(spec):
    """A group does not fail by itself."""
    if not spec.op:
        spec.fails = 0
    for one in [*spec.tasks, *filter(None, (spec.error, spec.check))]:
        _as_file(one)
    return spec


def played(spec, data, kill_at=None):
    """To the end, each time with any task; the rules are looked at with each move."""
    play, moves, wait = Play(spec), 0, True
    obeys(play)
    while play.ended is None:
        able = play.able()
        assert able, "nothing can happen any more, and the attempt has not ended"
        if moves == kill_at and not play.killed:
            play.kill()
            continue
        wait = moves < 50 and data.draw(st.booleans())
        play.move(data.draw(st.sampled_from(able)), wait=wait)
        moves += 1
        obeys(play)
    return play


def obeys(play):
    for task in play.tasks.values():
        children = [one for one in play.below(task.id) if one.kind == Kind.TASK]
        limit = play.specs[task.id].limit
        if limit:
            assert sum(one.state not in (*FINAL, State.BLOCKED) for one in children) <= limit
        for one in children:
            before = play.tasks[one.upstream].state if one.upstream else State.SUCCESS
            if one.state not in (State.BLOCKED, State.CANCELED):
                assert before == State.SUCCESS
            if before in (State.ERROR, State.CANCELED):
                assert one.state == State.CANCELED


@given(TREES, st.data())
def test_an_attempt_ends_as_its_tasks_do_and_every_task_has_ended_then(spec, data):
    play = played(spec, data)
    assert play.ended == (State.SUCCESS if spec.good else State.ERROR)
    assert play.all_final()
    for task in play.tasks.values():
        limit = play.specs[task.id].retry.limit
        assert task.rounds == limit if task.state == State.ERROR else task.rounds <= limit


@given(TREES, st.data(), st.integers(0, 30))
def test_nothing_starts_after_a_kill(spec, data, kill_at):
    play, began = Play(spec), None
    for move in range(10_000):
        if play.ended is not None:
            break
        if move == kill_at:
            play.kill()
            began = (list(play.order), len(play.tasks))
            assert not any(task.state in HELD_UP for task in play.tasks.values())
        if play.ended is None:
            play.move(data.draw(st.sampled_from(play.able())))
    if began:
        assert play.ended == State.CANCELED
        assert (play.order, len(play.tasks)) == began
        assert play.all_final()
