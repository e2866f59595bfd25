"""What `result` says, in all forms in which the API, the command line and workflows say it: where a result goes.

    {"type": "line_conversion", …}            settings and secrets, or td_authentication_id: and what differs from it
    td://@/database/table?mode=append         a table of this console; also database:table
    line_capi                                 the name of a saved authentication

or the number of a saved authentication with settings that complete or override it (`result_connection_id` and
`result_connection_settings`). Which keys there are, and what is allowed, is what the connector declares.
"""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from accounts.models import User
from exports import table_targets, targets
from exports.exporter.mapping import is_constant
from exports.models import Job, Query
from exports.table_targets import MODES, TableTarget
from exports.targets import Target
from integrations import inline
from integrations.catalog import CONNECTORS
from integrations.declared import SettingError
from integrations.models import Authentication
from integrations.secrets import SecretUnreadable
from integrations.sources import destinations
from integrations.spec import Connector, Setting
from warehouse.models import Database

MASK = "********"
TYPE, BY_ID = "type", "td_authentication_id"
RESULT, CONNECTION, SETTINGS = "result", "result_connection_id", "result_connection_settings"
FORMS = 'a JSON object like {"type": "line_conversion", …}, td://@/database/table, or the name of an authentication'
SHOWN = 60  # characters of what was given, in a problem


class ResultProblem(ValueError):
    """It cannot be used: the key that is wrong, and in words what is wrong with it and what is allowed."""

    def __init__(self, name: str, says: str) -> None:
        super().__init__(f"{name}: {says}")
        self.name, self.says = name, says


@dataclass(frozen=True)
class Where:
    """Where a result goes: to a destination, into a table, or, if both are None, nowhere. It is never both."""

    target: Target | None = None
    table: TableTarget | None = None


NOWHERE = Where()


def read(
    result: str = "",
    *,
    connection_id: int | None = None,
    connection_settings: Mapping[str, Any] | None = None,
    stored: Where | None = None,
    user: User,
) -> Where:
    """Where a result goes by what was said. Credentials that stand in it are kept, encrypted. Raises ResultProblem.

    `stored`: where it went until now: its mapping stays if the connector does, and a masked secret means its own.
    """
    text = result.strip()
    if not is_constant(text):
        raise ResultProblem(RESULT, "has characters that cannot be kept")
    if connection_id is not None:
        if text:
            raise ResultProblem(CONNECTION, f"give either {RESULT} or {CONNECTION}, not both")
        given = connection_settings or {}
        return _Reader(stored or NOWHERE, user).connection(connection_id, given)
    if connection_settings and not text:
        raise ResultProblem(CONNECTION, f"is required with {SETTINGS}")
    if connection_settings:
        raise ResultProblem(SETTINGS, f"goes with {CONNECTION}, not with {RESULT}")
    return _Reader(stored or NOWHERE, user).text(text) if text else NOWHERE


def shown(where: Where) -> str:
    """What `read` takes to give the same again, with its secrets masked; "" for nowhere."""
    if where.table:
        return where.table.url
    return json.dumps(_parts(where.target), ensure_ascii=False) if where.target else ""


def shown_authentication(authentication: Authentication) -> str:
    """A saved authentication of a destination, as `result` would give all that is in it, with its secrets masked."""
    return json.dumps({TYPE: authentication.connector_key, **_own(authentication)}, ensure_ascii=False)


def of_query(query: Query) -> Where:
    return Where(targets.of(query), table_targets.of(query))


def of_job(job: Job) -> Where:
    """Where the result of a job goes, or went; nowhere if its authentication was deleted since."""
    target = Target(job.authentication, job.mapping, job.settings) if job.exports and job.authentication else None
    return Where(target, table_targets.of(job))


# --- giving back --------------------------------------------------------------------------------------------------


def _parts(target: Target) -> dict[str, Any]:
    authentication, given = target.authentication, {TYPE: target.authentication.connector_key}
    if not authentication.inline:
        return {**given, BY_ID: authentication.pk, **target.settings}
    base = {BY_ID: authentication.base_id} if authentication.base_id else {}
    return {**given, **base, **_own(authentication), **target.settings}


def _own(authentication: Authentication) -> dict[str, Any]:
    """The settings that are its own, in the connector's order."""
    secret = MASK if authentication.encrypted else None
    settings, held = authentication.destination.settings, authentication.settings
    found = {s.name: secret if s.kind == "secret" else held.get(s.name) for s in settings}
    return {name: value for name, value in found.items() if value is not None}


# --- reading ------------------------------------------------------------------------------------------------------


class _Reader:
    """One call of `read`."""

    def __init__(self, stored: Where, user: User) -> None:
        self.stored, self.user = stored, user

    def text(self, text: str) -> Where:
        if text.startswith("{"):
            return self._object(_json(text))
        if "://" in text:
            return Where(table=_url(text))
        return self._name(text)

    def connection(self, pk: int, given: Mapping[str, Any]) -> Where:
        """A saved authentication, and what completes or overrides it."""
        base = _saved(CONNECTION, pk)
        if given.get(BY_ID, pk) not in (pk, str(pk)):
            raise ResultProblem(BY_ID, f"is another one than {CONNECTION}, {pk}")
        if given.get(TYPE, base.connector_key) != base.connector_key:
            raise ResultProblem(TYPE, f"must be {base.connector_key}, that of the authentication {base.name}")
        return self._destination(base.destination, given, base)

    def _object(self, given: Mapping[str, Any]) -> Where:
        base = _saved(BY_ID, given[BY_ID]) if given.get(BY_ID) not in (None, "") else None
        connector = _connector(given.get(TYPE), base)
        return self._destination(connector, given, base)

    def _name(self, name: str) -> Where:
        found = Authentication.objects.saved().filter(name=name).first()
        if found and found.connector_key not in CONNECTORS:
            raise ResultProblem(RESULT, f"{name} is a source: queries read from it, and results cannot be sent to it")
        if found:
            return self._destination(found.destination, {}, found)
        head, colon, rest = name.partition(":")
        if not colon:
            raise ResultProblem(RESULT, f"there is no authentication “{_shortly(name)}”; allowed are {FORMS}")
        if destinations().filter(name=head).exists() and not Database.objects.filter(name=head).exists():
            raise ResultProblem(RESULT, f"{head} takes nothing behind its name; give its settings as JSON instead")
        table, _, query = rest.partition("?")
        return Where(table=_table(head, table, query))

    def _destination(self, connector: Connector, given: Mapping[str, Any], base: Authentication | None) -> Where:
        _refuse_unknown(connector, given)
        values = {s.name: self._value(s, given.get(s.name), base) for s in connector.settings}
        of_export = {s.name: values.pop(s.name) for s in connector.settings_of("export")}
        export, _ = targets.clean_settings(connector, of_export)
        kept = {name: value for name, value in values.items() if value is not None}
        if not base:
            _refuse_missing(connector, kept)
        authentication = inline.keep(connector, kept, base=base, user=self.user) if kept or not base else base
        return Where(Target(authentication, self._mapping(connector), export))

    def _mapping(self, connector: Connector) -> dict[str, dict[str, Any]]:
        """The stored one, if it is of the same connector; else each field takes the column of its name."""
        before = self.stored.target
        return before.mapping if before and before.authentication.connector_key == connector.key else {}

    def _value(self, setting: Setting, value: Any, base: Authentication | None) -> Any:
        """In its own type; None: it is not given."""
        if value is None or value == "":
            return None
        if setting.kind == "secret" and value == MASK:
            return self._stored(setting, base)
        if not _is_of_kind(setting, value):
            raise ResultProblem(setting.name, f"{setting.label} must be {_kind(setting)}.")
        try:
            return setting.clean(value)
        except SettingError as error:
            raise ResultProblem(setting.name, str(error)) from error

    def _stored(self, setting: Setting, base: Authentication | None) -> Any:
        """The secret that a mask stands for; None: that of the base."""
        before = self.stored.target.authentication if self.stored.target else None
        try:
            secrets = before.own_secrets() if before and (before.inline or not base) else {}
        except SecretUnreadable as error:
            raise ResultProblem(setting.name, f"{error} Give it again.") from error
        if setting.name not in secrets and not base:
            raise ResultProblem(setting.name, f"{MASK} keeps the stored one, but none is stored here: give it in full")
        return secrets.get(setting.name)


def _is_of_kind(setting: Setting, value: Any) -> bool:
    """Whether it may be one in JSON; what is in it is for the setting to say."""
    if setting.kind == "boolean":
        return isinstance(value, bool | str)
    return isinstance(value, int | str) and not isinstance(value, bool) and is_constant(value)


def _kind(setting: Setting) -> str:
    return {"integer": f"a whole number, {setting.limits}", "boolean": "true or false"}.get(setting.kind, "text")


def _refuse_unknown(connector: Connector, given: Mapping[str, Any]) -> None:
    known = [s.name for s in connector.settings]
    for name in given:
        if name not in (TYPE, BY_ID, *known):
            close = difflib.get_close_matches(name, known, n=1)
            perhaps = f" (perhaps {close[0]}?)" if close else ""
            raise ResultProblem(name[:SHOWN], f"is not known{perhaps}; allowed are {', '.join([TYPE, BY_ID, *known])}")


def _refuse_missing(connector: Connector, values: Mapping[str, Any]) -> None:
    for setting in connector.settings:
        if setting.required and setting.name not in values:
            says = f"{setting.label} is required. It may also come from a saved authentication: {BY_ID}."
            raise ResultProblem(setting.name, says)


def _connector(key: Any, base: Authentication | None) -> Connector:
    """By `type`, which a saved authentication may stand for."""
    if base and key in (None, "", base.connector_key):
        return base.destination
    if base:
        raise ResultProblem(TYPE, f"must be {base.connector_key}, that of the authentication {base.name}")
    if isinstance(key, str) and key in CONNECTORS:
        return CONNECTORS[key]
    raise ResultProblem(TYPE, f"{'is required' if key in (None, '') else 'is not known'}: {' or '.join(CONNECTORS)}")


def _saved(name: str, pk: Any) -> Authentication:
    """The saved authentication with this number; `name`: the key that says so."""
    if isinstance(pk, bool) or not re.fullmatch("[0-9]{1,18}", str(pk)):
        raise ResultProblem(name, "must be the number of a saved authentication, as in the address of its page")
    found = destinations().filter(pk=int(pk)).first()
    if found is None:
        raise ResultProblem(name, f"there is no authentication {pk} that results can be sent to")
    return found


def _json(text: str) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(text, object_pairs_hook=_each_once)
    except ResultProblem:
        raise
    except (ValueError, RecursionError) as error:
        raise ResultProblem(RESULT, f"is no valid JSON: {error}") from error
    return data


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    for name, _ in pairs if len(data) < len(pairs) else []:
        if [key for key, _ in pairs].count(name) > 1:
            raise ResultProblem(name[:SHOWN], "is given twice")
    return data


def _url(text: str) -> TableTarget:
    scheme, _, rest = text.partition("://")
    if scheme.lower() != "td":
        raise ResultProblem(RESULT, f"{_shortly(scheme)}:// is not supported; allowed are {FORMS}")
    address, _, query = rest.partition("?")
    server, *path = address.split("/")
    if server not in ("", "@"):
        raise ResultProblem(RESULT, "only tables of this console can be written: td://@/database/table")
    if len(path) != 2 or not all(path):
        raise ResultProblem(RESULT, "must name a database and a table: td://@/database/table?mode=append")
    return _table(unquote(path[0]), unquote(path[1]), query)


def _table(database: str, table: str, query: str = "") -> TableTarget:
    """`query`: what stands behind the question mark."""
    asked = parse_qsl(query, keep_blank_values=True)
    if unknown := [name for name, _ in asked if name != "mode"]:
        raise ResultProblem(RESULT, f"{_shortly(unknown[0])} is not known; allowed is mode={'|'.join(MODES)}")
    target = TableTarget(database, table, dict(asked).get("mode") or table_targets.APPEND)
    if problem := table_targets.problem(target):
        raise ResultProblem(RESULT, _shortly(problem, 300))
    return target


def _shortly(text: str, most: int = SHOWN) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
