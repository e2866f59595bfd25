"""Parent segments of Audience Studio, which Treasure Data's API calls audiences."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from accounts import audit
from accounts.models import Role
from api import audience_objects as objects
from api import td_audiences
from api.audience_objects import AUDIENCE, EXECUTION, FOLDER
from api.declared import TEXT, Answer, Call, Param, array, endpoint, record
from api.errors import ApiError, all_invalid, invalid
from api.refusals import refusals
from audiences import checking, folders, parents, schemas
from audiences.activations import NotCompiled
from audiences.building import CannotBuild
from audiences.definitions import Definition
from audiences.models import ParentSegment
from audiences.parents import Conflict, Plan
from exports import schedules
from exports.errors import NameTaken, NotPossible
from exports.queries import NAME_LENGTH
from exports.timing import ScheduleError, Timing, zone_names

TAG = "Audience Studio"
ID = record(id=TEXT)


def _params(*, required: bool) -> tuple[Param, ...]:
    zone = "Of the schedule, and what today means in rules: such as Asia/Tokyo"
    kinds = (*td_audiences.PRESETS, td_audiences.CRON)
    return (
        Param("name", required=required, most=NAME_LENGTH),
        Param("description", most=2000),
        Param("master", "object", "Its parentDatabaseName, parentTableName and keyColumn", required=required),
        Param("attributes", "object", "Columns of other tables, each with the table and how it is joined"),
        Param("behaviors", "object", "Tables with events of customers, and how each is joined"),
        Param("scheduleType", help="When it is built by itself", choices=kinds),
        Param("scheduleOption", help="The cron line of the scheduleType cron"),
        Param("timezone", help=zone, most=64),
    )


@endpoint("GET", "/audiences", tag=TAG, answer=array(AUDIENCE))
def audience_list(call: Call) -> Answer:
    """List the parent segments. `population` is the number of customers, null before the first build."""
    return objects.audiences_shown(objects.audiences())


@endpoint("POST", "/audiences", role=Role.EDITOR, tag=TAG, params=_params(required=True), answer=AUDIENCE)
def audience_create(call: Call) -> Answer:
    """Make a parent segment, and build it for the first time."""
    plan = Plan(
        _name(call["name"]),
        _definition(call, None),
        call["description"] or "",
        _zone(call["timezone"] or "UTC"),
        _schedule(call, Timing("")),
    )
    with _refused():
        parent, job = parents.create(plan, user=call.user, request=call.request)
    audit.record("parent_segment.create", parent, request=call.request, job=job.pk)
    return objects.audience_shown(objects.audience(str(parent.pk)))


@endpoint("GET", "/audiences/{audience}", tag=TAG, answer=AUDIENCE)
def audience_show(call: Call, audience: str) -> Answer:
    """Show a parent segment. Rules name attributes by `matrixColumnName`, and behaviors by `matrixTableName`."""
    return objects.audience_shown(objects.audience(audience))


@endpoint("PUT", "/audiences/{audience}", role=Role.EDITOR, tag=TAG, params=_params(required=False), answer=AUDIENCE)
def audience_update(call: Call, audience: str) -> Answer:
    """Change what is given of a parent segment, and build it anew if its tables or columns have changed."""
    parent = objects.audience(audience)
    times = schedules.settings_of(parent.query) if parent.query else Timing("")
    plan = Plan(
        _name(call["name"] or parent.name),
        _definition(call, parent),
        parent.description if "description" not in call.given else call["description"] or "",
        _zone(call["timezone"] or parent.time_zone),
        _schedule(call, times),
    )
    with _refused():
        job = parents.update(parent, plan, base=parents.state(parent), user=call.user)
    audit.record("parent_segment.update", parent, request=call.request, job=job.pk if job else None)
    return objects.audience_shown(objects.audience(audience))


@endpoint("DELETE", "/audiences/{audience}", role=Role.EDITOR, tag=TAG, answer=ID)
def audience_delete(call: Call, audience: str) -> Answer:
    """Delete a parent segment with its customer table. One that has segments stays."""
    parent = objects.audience(audience)
    name, number = parent.name, parent.pk
    with _refused():
        parents.delete(parent, user=call.user, request=call.request)
    audit.record("parent_segment.delete", request=call.request, name=name, audience_id=number)
    return {"id": str(number)}


@endpoint("POST", "/audiences/{audience}/run", role=Role.EDITOR, tag=TAG, answer=EXECUTION)
def audience_run(call: Call, audience: str) -> Answer:
    """Build the customer table of a parent segment now. The answer names the job that does so."""
    parent = objects.audience(audience)
    job = parents.build(parent, user=call.user)
    audit.record("parent_segment.build", parent, request=call.request, job=job.pk)
    return objects.execution(job)


@endpoint("GET", "/audiences/{audience}/folders", tag=TAG, answer=array(FOLDER))
def folder_list(call: Call, audience: str) -> Answer:
    """List the folders of segments. Those without a parentFolderId are at the top."""
    return [objects.folder_shown(one) for one in objects.audience(audience).folders.order_by("pk")]


@endpoint(
    "POST",
    "/audiences/{audience}/folders",
    role=Role.EDITOR,
    tag=TAG,
    params=(Param("name", required=True, most=255), Param("parentFolderId", help="The folder that it goes into")),
    answer=FOLDER,
)
def folder_create(call: Call, audience: str) -> Answer:
    """Make an empty folder."""
    parent = objects.audience(audience)
    inside = objects.folder(parent, call["parentFolderId"]) if call["parentFolderId"] else None
    try:
        made = folders.create(parent, _name(call["name"]), inside)
    except NameTaken as error:
        raise invalid("name", "has a folder there already") from error
    except NotPossible as error:
        raise invalid("parentFolderId", str(error)) from error
    audit.record("folder.create", made, request=call.request, parent_segment=parent.name)
    return objects.folder_shown(made)


# --- read ---------------------------------------------------------------------------------------------------------


def _definition(call: Call, parent: ParentSegment | None) -> Definition:
    before = Definition.from_json(parent.definition) if parent else None
    found = td_audiences.definition(call.params, before)
    own = parent.database_name if parent else ""
    if problems := checking.problems(found, schemas.types_of(schemas.tables_of(found)), own=own):
        raise all_invalid(problems)
    return found


def _schedule(call: Call, before: Timing) -> Timing | None:
    """Raises ApiError."""
    line = before.cron
    if call["scheduleType"]:
        line = td_audiences.cron_line(call["scheduleType"], call["scheduleOption"])
    if not line:
        return None
    wanted = replace(before, cron=line, time_zone=call["timezone"] or before.time_zone)
    try:
        wanted.check(monthly=True)
    except ScheduleError as error:
        names: Mapping[str, str] = {"cron": "scheduleOption", "time_zone": "timezone"}
        raise all_invalid({names.get(name, name): text for name, text in error.problems.items()}) from error
    return wanted


def _zone(name: str) -> str:
    if name not in zone_names():
        raise invalid("timezone", f"there is no time zone “{name}”; write a name such as Asia/Tokyo, or UTC")
    return name


def _name(text: str) -> str:
    name: str = text.strip()
    if not name:
        raise invalid("name", "is required")
    return name


@contextmanager
def _refused() -> Iterator[None]:
    try:
        with refusals("master"):
            yield
    except NameTaken as error:
        raise ApiError(409, "A parent segment with this name exists.") from error
    except (Conflict, NotPossible, NotCompiled) as error:
        raise ApiError(409, str(error) or "Somebody else changed the parent segment meanwhile. Try again.") from error
    except CannotBuild as error:
        raise invalid("master", str(error)) from error
