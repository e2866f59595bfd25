"""What a call says of an activation, in Treasure Data's words, as what an activation is made of."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.models import User
from api.declared import Param
from api.errors import ApiError, all_invalid, invalid
from audiences import outputs, td_repeats
from audiences.activations import NAME_LENGTH, Notices, Wanted
from audiences.outputs import Outputs, OutputsError
from audiences.repeats import CRON, DAY, Repeat, RepeatError
from audiences.rules.problems import RuleError
from exports.errors import NameTaken, NotPossible
from exports.notify.rules import MOST_ADDRESSES
from exports.queries import Conflict
from exports.targets import Target, clean_settings
from exports.timing import ScheduleError
from integrations.models import Authentication
from integrations.sources import destinations

EVENTS = ("onSuccess", "onFailure")
TIMES = ("repeatUnit", "repeatFrequency", "repeatSubFrequency", "cron", "startAt", "endOn", "timezone")
NAMES = {
    "unit": "repeatUnit",
    "every": "repeatFrequency",
    "days": "repeatSubFrequency",
    "start": "startAt",
    "end": "endOn",
    "time_zone": "timezone",
}  # of a repeat's fields


def _params(*, required: bool) -> tuple[Param, ...]:
    return (
        Param("name", required=required, most=NAME_LENGTH),
        Param("description", most=2000),
        Param("connectionId", help="The authentication", required=required),
        Param("connectorConfig", "object", "Its export settings, such as max_records"),
        Param("allColumns", "boolean", "Export every attribute under its own name"),
        Param("columns", "object", "Output columns: an attribute, or a string with parameters, each with its name"),
        Param("repeatUnit", help="none, once, minute, hour, day, week, month, or cron, which is this console's own"),
        Param("repeatFrequency", "integer", "Every so many minutes or hours", minimum=1, maximum=60),
        Param("repeatSubFrequency", "object", "Days of the week: 1 is Monday, 7 is Sunday"),
        Param("cron", help="The cron line of the repeatUnit cron"),
        Param("startAt", help="By the clock of the time zone, such as 2026-12-01T06:00:00"),
        Param("endOn", help="The last day, such as 2026-12-31"),
        Param("timezone", most=64),
        Param("notifyOn", "object", "onSuccess, onFailure"),
        Param("emailRecipients", "object", f"Up to {MOST_ADDRESSES} e-mail addresses, or numbers of users"),
    )


CREATED, CHANGED = _params(required=True), _params(required=False)


@contextmanager
def refused() -> Iterator[None]:
    try:
        yield
    except NameTaken as error:
        raise ApiError(409, "The segment has an activation of this name.") from error
    except OutputsError as error:
        raise all_invalid(
            {f"columns.{one.index}.{one.field}".rstrip("."): one.text for one in error.problems}
        ) from error
    except RepeatError as error:
        raise all_invalid({NAMES.get(name, name): text for name, text in error.problems.items()}) from error
    except Conflict as error:
        raise ApiError(409, "Somebody else changed the activation meanwhile. Try again.") from error
    except (RuleError, NotPossible, ScheduleError) as error:
        raise ApiError(409, str(error)) from error


def wanted(params: Mapping[str, Any], given: frozenset[str], before: Wanted | None) -> Wanted:
    """What is given over what is so already. Raises ApiError."""
    target = _target(params, given, before)
    name: str = (params["name"] or (before.name if before else "")).strip()
    if not name:
        raise invalid("name", "is required")
    found = before or Wanted(name, target)
    with refused():
        return replace(
            found,
            name=name,
            target=target,
            description=params["description"] or "" if "description" in given else found.description,
            outputs=_outputs(params, given, found.outputs),
            repeat=_repeat(params, given, found.repeat),
            notices=_notices(params, given, found.notices),
        )


def _target(params: Mapping[str, Any], given: frozenset[str], before: Wanted | None) -> Target:
    authentication = before.target.authentication if before else None
    if params["connectionId"]:
        authentication = _authentication(params["connectionId"])
    if authentication is None:
        raise invalid("connectionId", "is required")
    config = params["connectorConfig"] if "connectorConfig" in given else None
    if config is None:
        config = before.target.settings if before else {}
    if not isinstance(config, dict):
        raise invalid("connectorConfig", "must be an object")
    own = {name: value for name, value in config.items() if name != "type"}
    settings, problems = clean_settings(authentication.destination, own)
    if problems:
        raise invalid("connectorConfig", " ".join(problems))
    return Target(authentication, {}, settings)


def _authentication(number: str) -> Authentication:
    found = (
        destinations().filter(pk=number).first() if number.isascii() and number.isdigit() and len(number) < 19 else None
    )
    if found is None:
        raise invalid("connectionId", f"there is no authentication {number} that events can be sent with")
    return found


def _outputs(params: Mapping[str, Any], given: frozenset[str], before: Outputs) -> Outputs:
    if not {"allColumns", "columns"} & given:
        return before
    columns = params["columns"] if "columns" in given else before.columns()
    if not isinstance(columns or [], list):
        raise invalid("columns", "must be a list")
    every = params["allColumns"]
    return outputs.read(before.all_columns and "columns" not in given if every is None else every, columns or [])


def _repeat(params: Mapping[str, Any], given: frozenset[str], before: Repeat) -> Repeat:
    if not set(TIMES) & given:
        return before
    day = replace(before, unit=DAY) if before.unit == CRON else before
    data = {**td_repeats.to_td(day), "repeatUnit": before.unit, "cron": before.cron}
    data |= {name: params[name] for name in TIMES if name in given}
    if data["repeatUnit"] != CRON:
        return td_repeats.from_td(data)
    found = td_repeats.from_td({**data, "repeatUnit": DAY, "repeatFrequency": 1})
    return replace(found, unit=CRON, cron=data["cron"] or "")


def _notices(params: Mapping[str, Any], given: frozenset[str], before: Notices) -> Notices:
    if "emailRecipients" in given:
        before = replace(before, addresses=_addresses(params["emailRecipients"] or []))
    if "notifyOn" not in given:
        return before
    events = params["notifyOn"] or []
    if not isinstance(events, list) or not all(isinstance(one, str) and one in EVENTS for one in events):
        raise invalid("notifyOn", f"must be a list of {' and '.join(EVENTS)}")
    return replace(before, on_success="onSuccess" in events, on_failure="onFailure" in events)


def _addresses(recipients: Any) -> tuple[str, ...]:
    if not isinstance(recipients, list) or len(recipients) > MOST_ADDRESSES:
        raise invalid("emailRecipients", f"must be a list of up to {MOST_ADDRESSES}")
    return tuple(dict.fromkeys(_address(one) for one in recipients))


def _address(one: Any) -> str:
    text = str(one)
    if not isinstance(one, bool) and text.isascii() and text.isdigit() and len(text) < 19:
        user = User.objects.filter(pk=int(text), is_active=True).first()
        if user is None or not user.email:
            raise invalid("emailRecipients", f"there is no user {text} with an e-mail address")
        return str(user.email)
    try:
        validate_email(text)
    except ValidationError as error:
        raise invalid("emailRecipients", f"“{text}” is no e-mail address") from error
    return text
