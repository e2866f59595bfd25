"""What `result` says, in all forms in which the API, the command line and workflows say it: where a result goes.

    {"type": "line_conversion", …}            settings and secrets, or td_authentication_id: and what differs from it
    td://@/database/table?mode=append         a table of this console; also database:table
    line_capi                                 the name of a saved authentication

or the number of a saved authentication with settings that complete or override it (`result_connection_id` and
`result_connection_settings`). Which keys there are, and what is allowed, is what the connector declares.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from exports import table_targets, targets
from exports.exporter.mapping import is_constant
from exports.models import Job, Query
from exports.result_grammar import (
    BY_ID,
    CONNECTION,
    FORMS,
    MASK,
    RESULT,
    SETTINGS,
    TYPE,
    ResultProblem,
    address,
    clean,
    json_object,
    refuse_missing,
    refuse_unknown,
    shortly,
    table,
)
from exports.table_targets import TableTarget
from exports.targets import Target
from integrations import inline
from integrations.catalog import CONNECTORS
from integrations.models import Authentication
from integrations.secrets import SecretUnreadable
from integrations.sources import destinations
from integrations.spec import Connector, Setting
from warehouse.models import Database

__all__ = ["MASK", "NOWHERE", "ResultProblem", "Where", "of_job", "of_query", "read", "shown"]


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


def credentials(text: str, *, user: User) -> tuple[Connector, dict[str, Any]]:
    """What a saved authentication is made of, from JSON: its connector, and settings and secrets together, complete.

    Raises ResultProblem.
    """
    if not text.strip().startswith("{"):
        raise ResultProblem(RESULT, 'must be a JSON object like {"type": "line_conversion", "access_token": …}')
    given = json_object(text)
    if BY_ID in given:
        raise ResultProblem(BY_ID, "stands for credentials; give these themselves")
    connector = _connector(given.get(TYPE), None)
    return connector, _Reader(NOWHERE, user).values(connector, given, None)


def checked(kind: str, given: Mapping[str, Any], *, connection_id: int | None, user: User) -> dict[str, Any]:
    """What these settings would be for a destination, in their own types and with secrets masked; nothing is kept.

    `kind`: the connector's key. `connection_id`: of a saved authentication that they complete. Raises ResultProblem.
    """
    base = _of_connection(connection_id, {**given, TYPE: kind}) if connection_id is not None else None
    connector = _connector(kind, base)
    values = _Reader(NOWHERE, user).values(connector, given, base)
    return {s.name: MASK if s.kind == "secret" else values[s.name] for s in connector.settings if s.name in values}


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
            return self._object(json_object(text))
        if "://" in text:
            return Where(table=address(text))
        return self._name(text)

    def connection(self, pk: int, given: Mapping[str, Any]) -> Where:
        """A saved authentication, and what completes or overrides it."""
        base = _of_connection(pk, given)
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
            raise ResultProblem(RESULT, f"there is no authentication “{shortly(name)}”; allowed are {FORMS}")
        if destinations().filter(name=head).exists() and not Database.objects.filter(name=head).exists():
            raise ResultProblem(RESULT, f"{head} takes nothing behind its name; give its settings as JSON instead")
        name, _, query = rest.partition("?")
        return Where(table=table(head, name, query))

    def _destination(self, connector: Connector, given: Mapping[str, Any], base: Authentication | None) -> Where:
        values = self.values(connector, given, base)
        export = {s.name: values.pop(s.name, _kept(base, s)) for s in connector.settings_of("export")}
        settings, _ = targets.clean_settings(connector, export)
        authentication = inline.keep(connector, values, base=base, user=self.user) if values or not base else base
        return Where(Target(authentication, self._mapping(connector), settings))

    def values(self, connector: Connector, given: Mapping[str, Any], base: Authentication | None) -> dict[str, Any]:
        """The settings and secrets that are given, each in its own type."""
        refuse_unknown(connector, given)
        cleaned = {s.name: self._value(s, given.get(s.name), base) for s in connector.settings}
        values = {name: value for name, value in cleaned.items() if value is not None}
        if not base:
            refuse_missing(connector, values)
        return values

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
        return clean(setting, value)

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


def _kept(base: Authentication | None, setting: Setting) -> Any:
    """An export setting that a saved authentication holds: `result:create` gave it."""
    return base.settings.get(setting.name) if base else None


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


def _of_connection(pk: int, given: Mapping[str, Any]) -> Authentication:
    """A saved authentication that the settings beside its number do not contradict."""
    base = _saved(CONNECTION, pk)
    if given.get(BY_ID, pk) not in (pk, str(pk)):
        raise ResultProblem(BY_ID, f"is another one than {CONNECTION}, {pk}")
    if given.get(TYPE, base.connector_key) != base.connector_key:
        raise ResultProblem(TYPE, f"must be {base.connector_key}, that of the authentication {base.name}")
    return base
