"""Activations: what people do with them. What an activation's query is follows from it, from its segment's rule and
from the parent segment; `recompile` brings that up to date."""

from dataclasses import dataclass, field, replace

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from sqlglot import exp

from accounts.models import User
from audiences import compiled, output_sql, outputs, repeats, schemas
from audiences.compiled import Rules
from audiences.locks import lock, locked
from audiences.models import Activation, ParentSegment, Segment
from audiences.output_sql import Names
from audiences.outputs import Outputs, OutputsError
from audiences.repeats import Repeat, RepeatError
from audiences.rules.problems import RuleError
from exports import queries, schedules
from exports.errors import NameTaken, NotPossible
from exports.models import Job, Purpose, Query
from exports.notify import rules
from exports.notify.models import Rule
from exports.queries import Conflict, Draft
from exports.targets import Target
from exports.texts import Text
from warehouse.models import Table

NAME_LENGTH = 255
LISTED = 5  # names in a sentence


class NotCompiled(Exception):
    """Activations would not be possible any more; `problems`: why, by activation."""

    def __init__(self, problems: dict[Activation, str]) -> None:
        told = [f"“{one.name}”: {text}" for one, text in problems.items()]
        more = f" And {len(told) - LISTED} more." if len(told) > LISTED else ""
        super().__init__(f"{' '.join(told[:LISTED])}{more}")
        self.problems = problems


@dataclass(frozen=True)
class Notices:
    """Who gets an e-mail when a run ends; without an address, what the console's default says."""

    addresses: tuple[str, ...] = ()
    on_success: bool = False
    on_failure: bool = True


@dataclass(frozen=True)
class Wanted:
    """What people set. `target`: with an empty mapping, each field takes the output column of its name."""

    name: str
    target: Target
    description: str = ""
    outputs: Outputs = field(default_factory=Outputs)
    repeat: Repeat = field(default_factory=Repeat)
    notices: Notices = field(default_factory=Notices)


def of(activation: Activation) -> Wanted:
    """What it is set to."""
    draft, rule = queries.stored(activation.query), rules.own(activation.query_id)
    assert draft.target
    notices = Notices(tuple(rule.addresses), rule.on_success, rule.on_failure) if rule else Notices()
    return Wanted(
        activation.name,
        draft.target,
        activation.description,
        outputs.of(activation),
        repeats.from_json(activation.repeat),
        notices,
    )


# --- SQL ----------------------------------------------------------------------------------------------------------


def select(segment: Segment, chosen: Outputs, rules_of: Rules | None = None) -> exp.Select:
    """What sends the segment so. Raises OutputsError, RuleError."""
    rules_of = rules_of or Rules(segment.parent_segment)
    names = Names(segment.pk, segment.name, segment.parent_segment_id)
    return rules_of.select(segment, output_sql.expressions(chosen, rules_of.schema, names))


def built(parent: ParentSegment) -> bool:
    """Whether there are customers to send."""
    return Table.objects.filter(database__name=parent.database_name, name=schemas.CUSTOMERS).exists()


def recompile(parent: ParentSegment, *, user: User | None = None, strict: bool = True) -> list[Activation]:
    """Bring the SQL of the parent segment's activations up to date. → those that changed.

    Raises NotCompiled where some are not possible any more, and then changes nothing; if not `strict`, these stay as
    they are, and their next run says what is missing.
    """
    found = Activation.objects.filter(segment__parent_segment=parent).select_related("segment", "query")
    rules_of, changed, problems = Rules(parent), list[Activation](), dict[Activation, str]()
    with transaction.atomic():
        lock(parent.pk)
        for activation in found.order_by("pk"):
            activation.segment.parent_segment = parent
            try:
                sql = compiled.sql(select(activation.segment, outputs.of(activation), rules_of))
            except (OutputsError, RuleError) as error:
                problems[activation] = str(error)
                continue
            if (sql, parent.time_zone) != (activation.query.sql, activation.query.time_zone):
                _rewrite(activation, compiled.runnable(parent, sql), user)
                changed.append(activation)
        if problems and strict:
            raise NotCompiled(problems)
    return changed


def _rewrite(activation: Activation, text: Text, user: User | None) -> None:
    queries.change(activation.query, lambda draft: replace(draft, text=text), user=user)


# --- changes ------------------------------------------------------------------------------------------------------


def create(segment: Segment, wanted: Wanted, *, user: User, run: bool = False) -> tuple[Activation, Job | None]:
    """`run`: also at once, beside its schedule; what does not repeat and has no start does in any case.

    Raises NameTaken, OutputsError, RuleError, RepeatError, and NotPossible where it would run at once but the parent
    segment was never built.
    """
    now = timezone.now()
    wanted.repeat.check(now)
    wanted = replace(wanted, repeat=wanted.repeat.begun(now))
    with transaction.atomic():
        activation = _made(locked(segment), wanted, user)
        job = run_now(activation, user=user) if run or wanted.repeat.at_once else None
    return activation, job


def update(activation: Activation, wanted: Wanted, *, user: User) -> bool:
    """→ whether anything is different. Raises what `create` raises, and Conflict if someone has changed it since it was
    loaded; nothing runs at once."""
    now, before = timezone.now(), of(activation)
    wanted.repeat.check(now, before=before.repeat)
    wanted = replace(wanted, repeat=wanted.repeat.begun(now))
    if wanted == before:
        return False
    with transaction.atomic():
        activation.segment = locked(activation.segment)
        if not Activation.objects.filter(pk=activation.pk, updated_at=activation.updated_at).exists():
            raise Conflict(activation.query)
        queries.change(activation.query, lambda draft: _changed(draft, activation, wanted), user=user)
        _store(activation, wanted, user)
    return True


def _made(segment: Segment, wanted: Wanted, user: User) -> Activation:
    query = queries.create(_draft(segment, wanted), user=user, purpose=Purpose.ACTIVATION)
    activation = Activation(segment=segment, query=query, created_by=user)
    _store(activation, wanted, user)
    return activation


def _draft(segment: Segment, wanted: Wanted) -> Draft:
    text = compiled.runnable(segment.parent_segment, compiled.sql(select(segment, wanted.outputs)))
    return Draft(wanted.name, text, wanted.target, schedule=wanted.repeat.timing())


def _changed(draft: Draft, activation: Activation, wanted: Wanted) -> Draft:
    return replace(_draft(activation.segment, wanted), options=draft.options)


def _store(activation: Activation, wanted: Wanted, user: User) -> None:
    activation.name, activation.description = wanted.name, wanted.description
    activation.all_columns, activation.columns = wanted.outputs.all_columns, wanted.outputs.columns()
    repeat = wanted.repeat.to_json()
    if repeat != activation.repeat:
        _check_ahead(activation.query)
    activation.repeat, activation.updated_by = repeat, user
    try:
        with transaction.atomic():
            activation.save()
    except IntegrityError as error:
        raise NameTaken from error
    _tell(activation.query, wanted.notices)


def _check_ahead(query: Query) -> None:
    """The only run, or the last one, may have passed while this was saved: it would never come. Raises RepeatError."""
    schedule = schedules.of(query)
    if schedule and schedule.enabled and not schedule.next_slot:
        raise RepeatError({"start": "This time has passed. Choose a later one."})


def _tell(query: Query, notices: Notices) -> None:
    if notices.addresses:
        told = {"on_success": notices.on_success, "on_failure": notices.on_failure}
        rules.keep(query, addresses=notices.addresses, **told)
    else:
        Rule.objects.filter(query=query).delete()


def duplicate(activation: Activation, *, user: User) -> Activation:
    """A copy with a name of its own that does not run by itself: its rows would be sent twice."""
    wanted, segment = of(activation), activation.segment
    taken = set(segment.activations.values_list("name", flat=True))
    name = queries.copy_name(wanted.name, taken)
    wanted = replace(wanted, name=name, repeat=Repeat(time_zone=wanted.repeat.time_zone))
    with transaction.atomic():
        return _made(locked(segment), wanted, user)


def delete(activation: Activation) -> None:
    """Its jobs stay, and what the activation log holds of them. Raises NotPossible while one of them is active."""
    query = activation.query
    with transaction.atomic():
        activation.delete()
        queries.delete(query)


def run_now(activation: Activation, *, user: User) -> Job:
    """Run it once, beside its schedule. Raises NotPossible, also while a run of it is active: it would send twice."""
    parent = activation.segment.parent_segment
    if not built(parent):
        raise NotPossible(
            f"The parent segment {parent.name} has not been built yet: build it, then run the activation."
        )
    with transaction.atomic():
        lock(parent.pk)
        if active := activation.query.jobs.active().first():
            raise NotPossible(f"Job {active.pk} of this activation has not ended yet. Stop it or wait for its end.")
        return schedules.run_now(activation.query, user=user)


def overtaken(parent: ParentSegment) -> str:
    """About jobs that send by the SQL that was theirs when they were made, where that is another one by now; "" for
    none."""
    active = Job.objects.active().filter(query__activation__segment__parent_segment=parent)
    found = [str(pk) for pk in active.exclude(sql=F("query__sql")).order_by("pk").values_list("pk", flat=True)]
    if not found:
        return ""
    if len(found) == 1:
        return f"Job {found[0]} was made before this: it sends what it was made for. Stop it if that is not wanted."
    return f"Jobs {', '.join(found)} were made before this: they send what they were made for. Stop those not wanted."


def pause(activation: Activation, *, user: User) -> bool:
    """Let it run no more by itself. False: it does not, or was paused before."""
    schedule = schedules.of(activation.query)
    return schedule is not None and schedules.pause(schedule, user=user)


def resume(activation: Activation, *, user: User) -> bool:
    """False: it has no schedule, or one that runs. Raises ScheduleError."""
    schedule = schedules.of(activation.query)
    if schedule is None or schedule.enabled:
        return False
    schedules.resume(schedule, user=user)
    return True
