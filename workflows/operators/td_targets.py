"""Where the result of a job goes, as a task says it: a table, `result_url`, or `result_connection` with settings."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from accounts.models import User
from exports import result_grammar, result_targets, table_targets
from exports.result_grammar import CONNECTION, RESULT, SETTINGS, ResultProblem
from exports.result_targets import NOWHERE, Where
from exports.table_targets import INSERT, REPLACE, TableTarget
from integrations.secrets import SecretUnreadable
from integrations.sources import destinations
from workflows import secrets
from workflows.dig.td_operators import DOWNLOAD
from workflows.operators import td_params, values
from workflows.operators.base import Step, TaskFailed
from workflows.secrets import MASK, PLACE, SHORTEST_MASKED, SecretMissing

NAMES = {RESULT: "result_url", CONNECTION: "result_connection", SETTINGS: "result_settings"}
TABLES = {"create_table": REPLACE, "insert_into": INSERT}
QUOTED = 8  # characters of a secret's beginning that no message may quote
EXPORTS = ("result_connection", "result_url")


def where(step: Step, user: User) -> Where:
    """Where the result goes; credentials are kept, encrypted, and not in the job. Raises TaskFailed."""
    into = table(step)
    if into is None:
        return _exported(step, user)
    exports = [name for name in EXPORTS if td_params.given(step, name) is not None]
    if exports:  # given to many tasks by _export: in digdag, too, there is no result to send then
        step.log(f"The result goes into table {into.name}; “{exports[0]}” has no effect on this task.", "WARN")
    return Where(table=into)


def table(step: Step) -> TableTarget | None:
    """The table of create_table or insert_into; `database.table` is one of another database. Raises TaskFailed."""
    named = [name for name in TABLES if td_params.given(step, name) is not None]
    if not named:
        return None
    if td_params.given(step, DOWNLOAD) is not None:
        named.append(DOWNLOAD)
    if len(named) > 1:
        raise TaskFailed(f"“{named[0]}” and “{named[1]}” exclude each other.", "Use one of them.")
    full = values.text(td_params.given(step, named[0]), named[0])
    home, dot, name = full.partition(".")
    database, name = (home, name) if dot else (td_params.database_name(step), full)
    target = TableTarget(database, name, TABLES[named[0]])
    if problem := table_targets.problem(target):
        raise TaskFailed(f"“{named[0]}”: {problem}")
    return target


def _exported(step: Step, user: User) -> Where:
    url, name = td_params.given(step, "result_url"), td_params.given(step, "result_connection")
    settings = td_params.given(step, "result_settings")
    if url is not None and name is not None:
        raise TaskFailed("“result_url” and “result_connection” exclude each other.", "Use one of them.")
    if settings is not None and name is None:
        raise TaskFailed("“result_settings” is used only with “result_connection”.", "Add it.")
    if name is not None:
        return connection(step, user)
    return _by_url(step, values.text(url, "result_url"), user) if url is not None else NOWHERE


def connection(step: Step, user: User) -> Where:
    """A saved authentication by its name, with what completes or overrides it. Raises TaskFailed."""
    name = values.text(td_params.given(step, "result_connection"), "result_connection")
    settings = td_params.given(step, "result_settings")
    given = values.mapping(settings, "result_settings") if settings is not None else {}
    with _refused(step, given):
        filled = _filled(step, given, "result_settings")
        found = destinations().filter(name=_filled(step, name, "result_connection")).first()
        if found is None:
            told = f"there is no authentication {values.shown(name)} that results can be sent to"
            raise ResultProblem(CONNECTION, told)
        return result_targets.read(connection_id=found.pk, connection_settings=filled, user=user)


def _by_url(step: Step, url: str, user: User) -> Where:
    with _refused(step, url):
        if url.strip().startswith("{"):  # a secret is a value in it, whatever characters it has
            filled = json.dumps(_filled(step, result_grammar.json_object(url), "result_url"))
        else:
            filled = _filled(step, url, "result_url")
        return result_targets.read(filled, user=user)


def _filled(step: Step, value: Any, name: str) -> Any:
    """With the project's secrets in it. Raises TaskFailed, SecretMissing, SecretUnreadable."""
    for text in _texts(value):
        if other := secrets.other_word(text):
            raise TaskFailed(f"“{name}” has {values.shown(other)}, which means nothing. A secret is ${{secret:name}}.")
    return secrets.fill(value, step.attempt.revision.project_id)


@contextmanager
def _refused(step: Step, given: Any) -> Iterator[None]:
    """What cannot be used, as TaskFailed that names the setting, and no secret."""
    try:
        yield
    except ResultProblem as problem:
        name = NAMES.get(problem.name)
        if name is None:
            where = "result_url" if isinstance(given, str) else "result_settings"
            name = f"{where}: {problem.name}"
        raise TaskFailed(_masked(step, f"{name}: {problem.says}", given)) from None


def _masked(step: Step, message: str, given: Any) -> str:
    """The message without the secrets that were filled in, of which it may quote the beginning."""
    for key in {key.strip() for text in _texts(given) for key in PLACE.findall(text)}:
        with suppress(SecretMissing, SecretUnreadable):
            secret = secrets.fill(f"${{secret:{key}}}", step.attempt.revision.project_id)
            for length in range(len(secret), min(len(secret), QUOTED) - 1, -1):
                message = message.replace(secret[:length], MASK) if length >= SHORTEST_MASKED else message
    return message


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
