"""Drafts lie encrypted in the session, each for its purpose, not for long, and not many."""

import pytest
import time_machine

from integrations import drafts
from integrations.drafts import Draft
from tests.integrations.conftest import TOKEN

VALUES = {"access_token": TOKEN}


@pytest.fixture
def session():
    return {}


def test_a_draft_comes_back_and_cannot_be_read_as_it_lies(session):
    key = drafts.save(session, Draft("new", VALUES))
    assert drafts.load(session, key, "new") == Draft("new", VALUES)
    assert TOKEN not in str(session)


def test_a_draft_does_not_show_its_values():
    assert TOKEN not in repr(Draft("new", VALUES))


def test_a_draft_serves_its_own_purpose_only(session):
    key = drafts.save(session, Draft("edit 1", VALUES))
    assert drafts.load(session, key, "edit 2") is None


@pytest.mark.parametrize("key", ["", "no-such-key"])
def test_no_draft_is_none(session, key):
    assert drafts.load(session, key, "new") is None


def test_saving_again_replaces(session):
    key = drafts.save(session, Draft("new", VALUES))
    assert drafts.save(session, Draft("new", {"a": 1}), key) == key
    assert drafts.load(session, key, "new") == Draft("new", {"a": 1})


def test_a_dropped_draft_is_gone(session):
    key = drafts.save(session, Draft("new", VALUES))
    drafts.drop(session, key)
    assert drafts.load(session, key, "new") is None


def test_only_the_newest_few_are_kept(session):
    keys = [drafts.save(session, Draft("new", {"n": n})) for n in range(drafts.KEPT + 2)]
    assert [drafts.load(session, key, "new") is not None for key in keys] == [False, False, *[True] * drafts.KEPT]


def test_an_hour_later_it_is_gone_and_the_next_one_clears_it_away(session):
    with time_machine.travel("2026-11-23 10:00"):
        key = drafts.save(session, Draft("new", VALUES))
    with time_machine.travel("2026-11-23 11:01"):
        assert drafts.load(session, key, "new") is None
        drafts.save(session, Draft("new", VALUES))
        assert len(session[drafts.SESSION_KEY]) == 1
