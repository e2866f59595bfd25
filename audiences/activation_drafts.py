"""What was entered in the pages of *Create Activation* and is not saved yet: kept encrypted in the session, as it was
entered, for an hour after the last change."""

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest

from audiences import output_form
from audiences.activation_forms import Details, Raw, ScheduleForm, schedule_raw
from audiences.activations import Wanted, of
from audiences.compiled import Rules
from audiences.models import Activation, Segment
from audiences.output_form import OutputForm
from audiences.repeats import from_json
from integrations import drafts
from integrations.drafts import Draft

STEPS = {"details": "Details", "mapping": "Output Mapping", "schedule": "Schedule", "review": "Review"}
ENTERED = ("details", "mapping", "schedule")


@dataclass
class ActivationDraft:
    """`values`: by step, what its form was given. `activation`: the one that is edited, and `base`, when that had been
    changed last; None and "" for a new one."""

    segment: Segment
    activation: Activation | None
    key: str
    values: dict[str, Raw]
    base: str = ""

    @cached_property
    def rules(self) -> Rules:
        return Rules(self.segment.parent_segment)

    def details(self, *, judged: bool) -> Details:
        raw = self.values.get("details", {})
        return Details(raw, segment=self.segment, activation=self.activation, judged=judged and bool(raw))

    def mapping(self, *, judged: bool) -> OutputForm:
        raw, connector = self.values.get("mapping", {}), self.details(judged=False).connector
        return OutputForm(raw, schema=self.rules.schema, connector=connector, judged=judged)

    def schedule(self, *, judged: bool) -> ScheduleForm:
        before = from_json(self.activation.repeat) if self.activation else None
        return ScheduleForm(self.values.get("schedule", {}), before=before, judged=judged)

    @property
    def reached(self) -> list[str]:
        """The steps that can be opened: those in which nothing is wrong, and the next one."""
        wrong = self.wrong()
        return list(STEPS)[: list(STEPS).index(wrong or "review") + 1]

    def wrong(self) -> str:
        """The first step that is not right, or was not seen yet; "" if all are."""
        return next((step for step in ENTERED if step not in self.values or not self.form(step, judged=True).valid), "")

    def form(self, step: str, *, judged: bool) -> Details | OutputForm | ScheduleForm:
        """Of a step that is entered."""
        if step == "details":
            return self.details(judged=judged)
        return self.mapping(judged=judged) if step == "mapping" else self.schedule(judged=judged)

    def wanted(self) -> Wanted:
        """Of a draft in which nothing is wrong."""
        details, schedule = self.details(judged=True), self.schedule(judged=True)
        data = details.form.cleaned_data
        return Wanted(
            data["name"],
            details.target,
            data["description"],
            self.mapping(judged=True).outputs,
            schedule.repeat,
            schedule.notices,
        )


def begin(request: HttpRequest, segment: Segment, activation: Activation | None) -> ActivationDraft:
    """A new draft: empty, or of what the activation is set to."""
    draft = ActivationDraft(segment, activation, "", {})
    if activation:
        draft.values, draft.base = _values(activation), activation.updated_at.isoformat()
    keep(request, draft)
    return draft


def load(request: HttpRequest, segment: Segment, activation: Activation | None) -> ActivationDraft | None:
    """The one that the request's address or form names; None if there is none, or not any more."""
    key = request.POST.get("draft") or request.GET.get("draft", "")
    found = drafts.load(request.session, key, _purpose(segment, activation))
    return ActivationDraft(segment, activation, key, **found.values) if found else None


def keep(request: HttpRequest, draft: ActivationDraft) -> None:
    values = {"values": draft.values, "base": draft.base}
    kept = Draft(_purpose(draft.segment, draft.activation), values)
    draft.key = drafts.save(request.session, kept, draft.key)


def drop(request: HttpRequest, draft: ActivationDraft) -> None:
    drafts.drop(request.session, draft.key)


def _purpose(segment: Segment, activation: Activation | None) -> str:
    return f"activation:{activation.pk}" if activation else f"activation-of-segment:{segment.pk}"


def _values(activation: Activation) -> dict[str, Raw]:
    wanted = of(activation)
    settings = {
        f"s-{name}": ["on" if value is True else str(value)]
        for name, value in wanted.target.settings.items()
        if value not in (None, False)
    }
    return {
        "details": {
            "name": [wanted.name],
            "description": [wanted.description],
            "authentication": [str(wanted.target.authentication.pk)],
            **settings,
        },
        "mapping": output_form.raw_of(wanted.outputs),
        "schedule": schedule_raw(wanted.repeat, wanted.notices),
    }
