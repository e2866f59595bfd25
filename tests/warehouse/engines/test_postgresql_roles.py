"""Who may connect to PostgreSQL, and what a connection that fails says."""

import pytest

from warehouse.engines.base import EngineUnavailable, Limits, QueryFailed
from warehouse.engines.postgresql import PostgreSQLEngine
from warehouse.engines.postgresql import test as ask


def test_a_connection_that_works_says_version_and_user(postgresql):
    says = ask(postgresql.settings())
    assert says.startswith("PostgreSQL ") and 'signed in as "reader". The role only reads.' in says


def test_a_role_that_may_write_is_told_that_sessions_are_read_only(postgresql):
    assert "may also write; sessions are read-only" in ask(postgresql.settings(user="writer"))


@pytest.mark.parametrize(
    ("user", "why"), [("test", "is a superuser"), ("borrower", 'is a member of "pg_read_server_files"')]
)
def test_roles_that_reach_the_server_s_files_are_refused_when_tested_and_when_used(postgresql, tmp_path, user, why):
    with pytest.raises(QueryFailed, match=f'"{user}" .*CREATE ROLE console_reader') as caught:
        ask(postgresql.settings(user=user))
    assert why in caught.value.message
    with pytest.raises(QueryFailed, match="Use a role that only reads"):
        engine = PostgreSQLEngine(postgresql.settings(user=user))
        engine.run("SELECT 1", tables={}, database="", limits=Limits(seconds=30), workdir=tmp_path)


def test_a_wrong_password_is_said_and_not_shown(postgresql):
    with pytest.raises(QueryFailed) as caught:
        ask(postgresql.settings(user="locked", password="not-this-one"))
    told = f"{caught.value.message} {caught.value.detail} {caught.value!r}"
    assert 'password authentication failed for user "locked"' in told and "not-this-one" not in told
    assert ask(postgresql.settings(user="locked"))


def test_a_password_shows_in_no_representation(postgresql):
    engine = PostgreSQLEngine(postgresql.settings(password="never-to-be-seen"))
    assert "never-to-be-seen" not in f"{engine!r} {vars(engine)!r}"


@pytest.mark.parametrize("changes", [{"host": "127.0.0.1", "port": 1}, {"host": "/nowhere"}, {"host": "no.invalid"}])
def test_a_server_that_cannot_be_reached_is_worth_another_try(postgresql, changes):
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        ask(postgresql.settings(**changes))


def test_a_database_that_does_not_exist_is_named(postgresql):
    with pytest.raises(QueryFailed, match='database "nowhere" does not exist'):
        ask(postgresql.settings(database="nowhere"))


def test_quotes_in_settings_are_only_text(postgresql):
    with pytest.raises(QueryFailed, match="does not exist"):
        ask(postgresql.settings(user="reader' options='-c default_transaction_read_only=off"))


def test_without_its_driver_it_says_what_to_install(postgresql, monkeypatch):
    monkeypatch.setattr(PostgreSQLEngine, "driver", "no_such_driver")
    with pytest.raises(EngineUnavailable, match=r"pip install -r requirements-sources\.txt"):
        ask(postgresql.settings())
