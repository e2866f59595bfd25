"""*Create Activation*, and the same pages for an activation that is changed: Details, Output Mapping, Schedule, Review.

Each page keeps what is entered at every change, so that nothing is lost on the way back; what is wrong is told when one
goes on. Only the last page saves.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from accounts import audit
from accounts.access import editor
from audiences import activation_checks, activation_drafts, activations, output_form
from audiences.activation_drafts import ENTERED, STEPS, ActivationDraft
from audiences.activation_forms import NAME_TAKEN, Raw
from audiences.activation_pages import about, next_runs, review
from audiences.models import Activation, Segment
from audiences.outputs import OutputsError
from audiences.repeats import RepeatError
from audiences.rules.problems import RuleError
from exports.errors import NameTaken, NotPossible
from exports.queries import Conflict
from exports.views.queries import me
from integrations.views.common import problems

EXPIRED = "What you entered was kept for an hour and is gone. Enter it again."
BUTTONS, HIDDEN = ("next", "back", "check", "add", "remove"), ("csrfmiddlewaretoken", "draft")
FORM = "wizard"  # its id


@editor
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, pk: int, step: str = "details") -> HttpResponse:
    segment = get_object_or_404(Segment.objects.select_related("parent_segment__query"), pk=pk)
    return _step(request, segment, None, step)


@editor
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int, step: str = "details") -> HttpResponse:
    activation = _activation(pk)
    return _step(request, activation.segment, activation, step)


@editor
@require_GET
def new_checklist(request: HttpRequest, pk: int) -> HttpResponse:
    segment = get_object_or_404(Segment.objects.select_related("parent_segment__query"), pk=pk)
    return _checklist(request, segment, None)


@editor
@require_GET
def edit_checklist(request: HttpRequest, pk: int) -> HttpResponse:
    activation = _activation(pk)
    return _checklist(request, activation.segment, activation)


def _activation(pk: int) -> Activation:
    related = ("query__database", "query__source", "segment__parent_segment__query")
    return get_object_or_404(Activation.objects.select_related(*related), pk=pk)


def _checklist(request: HttpRequest, segment: Segment, activation: Activation | None) -> HttpResponse:
    draft = activation_drafts.load(request, segment, activation)
    if draft is None:
        raise Http404("This draft is gone.")
    found = activation_checks.checklist(draft, user=me(request), sampled=True)
    return render(request, "audiences/activations/_checklist.html", {"checklist": found})


def _step(request: HttpRequest, segment: Segment, activation: Activation | None, step: str) -> HttpResponse:
    if step not in STEPS:
        raise Http404("There is no such step.")
    draft = activation_drafts.load(request, segment, activation)
    if draft is None:
        if request.method == "POST" or request.GET.get("draft"):
            messages.warning(request, EXPIRED)
        return redirect(_url(activation_drafts.begin(request, segment, activation), step))
    reached = draft.reached
    if step not in reached:
        return redirect(_url(draft, reached[-1]))
    if request.method == "GET":
        return _page(request, draft, step)
    return _save(request, draft) if step == "review" else _posted(request, draft, step)


def _url(draft: ActivationDraft, step: str) -> str:
    """Of a step, or of "checklist"."""
    what, pk = ("edit", draft.activation.pk) if draft.activation else ("new", draft.segment.pk)
    if step == "checklist":
        return f"{reverse(f'audiences:activation_{what}_checklist', args=[pk])}?draft={draft.key}"
    return f"{reverse(f'audiences:activation_{what}_step', args=[pk, step])}?draft={draft.key}"


# --- a step that is entered ---------------------------------------------------------------------------------------


def _posted(request: HttpRequest, draft: ActivationDraft, step: str) -> HttpResponse:
    """Keep what was entered, then answer the button: a line more or less, back, on, or just what it means."""
    raw = {name: request.POST.getlist(name) for name in request.POST if name not in (*BUTTONS, *HIDDEN)}
    pressed = _pressed(request)
    draft.values[step] = _changed(raw, draft, pressed) if step == "mapping" else raw
    steps = list(STEPS)
    activation_drafts.keep(request, draft)
    if "back" in pressed:
        return redirect(_url(draft, steps[max(0, steps.index(step) - 1)]))
    if "next" not in pressed:
        return _live(request, draft, step)
    if not draft.form(step, judged=True).valid:
        return _page(request, draft, step, judged=True, status=422)
    return redirect(_url(draft, steps[steps.index(step) + 1]))


def _pressed(request: HttpRequest) -> dict[str, str]:
    """The button that was pressed, by its name. A change in the form is sent by the form itself, and htmx sends with it
    the button that has the focus."""
    if request.htmx.trigger == FORM:  # type: ignore[attr-defined]
        return {}
    return {name: request.POST[name] for name in BUTTONS if name in request.POST}


def _changed(raw: Raw, draft: ActivationDraft, pressed: dict[str, str]) -> Raw:
    raw = output_form.followed(raw)
    if pressed.get("add") == "column":
        return output_form.with_column(raw, draft.rules.schema, draft.details(judged=False).connector)
    if pressed.get("add") == "string":
        return output_form.with_string(raw)
    return output_form.without(raw, pressed.get("remove", ""))


def _live(request: HttpRequest, draft: ActivationDraft, step: str) -> HttpResponse:
    """The step as it stands, after a change in it."""
    if not request.htmx:  # type: ignore[attr-defined]
        return _page(request, draft, step)
    template = f"audiences/activations/_{step}.html"
    judged = step == "schedule"
    answer = render(request, template, _context(request, draft, step, judged=judged))
    return trigger_client_event(answer, "mapping-changed", after="settle") if step == "mapping" else answer


# --- pages --------------------------------------------------------------------------------------------------------


def _page(
    request: HttpRequest, draft: ActivationDraft, step: str, *, judged: bool = False, status: int = 200, **more: Any
) -> HttpResponse:
    context = _context(request, draft, step, judged=judged) | more
    return render(request, "audiences/activations/wizard.html", context, status=status)


def _context(request: HttpRequest, draft: ActivationDraft, step: str, *, judged: bool) -> dict[str, Any]:
    steps, number, reached = list(STEPS), list(STEPS).index(step), draft.reached
    connector = draft.details(judged=False).connector
    context: dict[str, Any] = {
        "draft": draft,
        "segment": draft.segment,
        "parent": draft.segment.parent_segment,
        "activation": draft.activation,
        "connector": connector,
        "short": activation_checks.short(connector),
        "step": step,
        "step_template": f"audiences/activations/_{step}.html",
        "steps": [(key, STEPS[key], key in reached, _url(draft, key)) for key in steps],
        "here": _url(draft, step),
        "next_step": STEPS[steps[number + 1]] if step in ENTERED else "",
        "back_url": _url(draft, steps[number - 1]) if number else "",
        "checklist_url": _url(draft, "checklist"),
        "checklist": activation_checks.checklist(draft, user=me(request), sampled=False),
        "about": about(draft.segment),
    }
    if step == "review":
        return context | {"review": review(draft, timezone.now())}
    form: Any = draft.form(step, judged=judged)
    context |= {"form": form, "problems": _problems(form, step) if judged and not form.valid else []}
    return context | ({"runs": next_runs(form, timezone.now())} if step == "schedule" else {})


def _problems(form: Any, step: str) -> list[dict[str, str]]:
    if step == "mapping":
        found: list[dict[str, str]] = form.listed
        return found
    return problems(form.form, form.settings) if step == "details" else problems(form)


# --- the end ------------------------------------------------------------------------------------------------------


def _save(request: HttpRequest, draft: ActivationDraft) -> HttpResponse:
    if wrong := draft.wrong():
        return _page(request, draft, wrong, judged=True, status=422)
    try:
        return _changed_one(request, draft) if draft.activation else _created(request, draft)
    except NameTaken:
        refused = NAME_TAKEN
    except (OutputsError, RepeatError, RuleError, NotPossible) as error:
        refused = str(error)
    except Conflict:
        return _overtaken(request, draft)
    return _page(request, draft, "review", status=422, refused=refused)


def _created(request: HttpRequest, draft: ActivationDraft) -> HttpResponse:
    run = "run" in request.POST
    made, job = activations.create(draft.segment, draft.wanted(), user=me(request), run=run)
    audit.record("activation.create", made, request=request, segment=draft.segment.name, job=job and job.pk)
    activation_drafts.drop(request, draft)
    says = f" Job {job.pk} sends it now." if job else ""
    messages.success(request, f"“{made.name}” is created.{says}")
    return redirect("audiences:activation", made.pk)


def _changed_one(request: HttpRequest, draft: ActivationDraft) -> HttpResponse:
    one = draft.activation
    assert one
    if one.updated_at.isoformat() not in (draft.base, request.POST.get("over")):
        return _overtaken(request, draft)
    if activations.update(one, draft.wanted(), user=me(request)):
        audit.record("activation.update", one, request=request, version=one.query.version)
        messages.success(request, f"“{one.name}” is saved.")
    else:
        messages.info(request, "There was nothing to save.")
    activation_drafts.drop(request, draft)
    return redirect("audiences:activation", one.pk)


def _overtaken(request: HttpRequest, draft: ActivationDraft) -> HttpResponse:
    """Someone else has changed the activation; what stands now can be saved over."""
    stands = _activation(draft.activation.pk if draft.activation else 0).updated_at.isoformat()
    return _page(request, draft, "review", status=409, over=stands)
