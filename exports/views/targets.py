"""The Export Results panel of the query page: every view answers the whole panel, and none of them saves the query.

All of them read the query as it stands in the editor (#qform): `sql`, `database`, `engine`, `time_zone`, and `target`,
the JSON of the export. *Done* and *Remove export* answer a new `target` out of band; saving the query keeps it.

For those who may not edit no SQL is run: it could turn personal data into something that no longer looks like it.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import editor, viewer
from exports import table_targets, targets
from exports.forms import TextForm
from exports.table_target_forms import TableTargetForm
from exports.target_drafts import Draft, draft_of_post, draft_of_text
from exports.target_forms import NewIntegration
from exports.target_panel import Panel
from exports.target_sample import EMPTY, Sample, sample_of
from exports.targets import TargetError
from exports.views.queries import me
from integrations import inline
from integrations.forms import NameForm
from integrations.views.common import hides_secrets, may_edit


@viewer
@require_POST
def panel(request: HttpRequest) -> HttpResponse:
    """The panel as it opens: what the query's target says, or the first choice."""
    try:
        table, wrong = table_targets.parse(request.POST.get("target", "")), []
    except TargetError as error:
        table, wrong = None, error.messages
    if table or wrong:
        return _answer_table(request, Draft(), TableTargetForm(None, table), table=table, faults=wrong)
    draft, faults = draft_of_text(request.POST.get("target", ""))
    return _answer(request, _panel(request, draft, again=True), faults=faults)


@editor
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """The panel after a change in it: new verdicts, another integration, the other choice."""
    draft = draft_of_post(request.POST)
    if request.POST.get("choice") == "new":
        return _answer_new(request, draft, NewIntegration(request, bound=False))
    if request.POST.get("choice") == "table":
        return _answer_table(request, draft, TableTargetForm(None))
    found = _panel(request, draft)
    return _answer(request, found.matched() if "match" in request.POST else found)


@editor
@hides_secrets
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """*Next*: create the integration and go on with it."""
    draft = draft_of_post(request.POST)
    new = NewIntegration(request, bound=True)
    made = new.create()
    if made is None:
        return _answer_new(request, draft, new, status=422)
    chosen = Draft(made, draft.mapping, draft.settings)
    return _answer(request, _panel(request, chosen), notice=f"The integration {made.name} is created.")


@editor
@require_POST
def done(request: HttpRequest) -> HttpResponse:
    """*Done*: take the target over into the query, or say beside the fields why not."""
    found = _panel(request, draft_of_post(request.POST), show="all")
    target = found.target()
    if target is None:
        return _answer(request, found, refused=True, status=422)
    return _answer(request, found, step="summary", new_target=targets.dump(target))


@editor
@require_POST
def table(request: HttpRequest) -> HttpResponse:
    """*Done* of a table: take it over into the query, or say what is wrong with it."""
    draft, form = draft_of_post(request.POST), TableTargetForm(request.POST)
    if not form.is_valid():
        return _answer_table(request, draft, form, status=422)
    target, found = form.target(), _panel(request, Draft())
    return _answer(request, found, step="summary", table=target, new_target=table_targets.dump(target))


@editor
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """*Keep as an authentication*: what came through the API gets a name; the query goes on to use it."""
    draft = draft_of_post(request.POST)
    form = NameForm(request.POST, prefix="keep")
    one = draft.authentication
    if one is None or not one.inline:
        return _answer(request, _panel(request, draft))
    if not (form.is_valid() and inline.kept_as(one, form, request=request)):
        return _answer(request, _panel(request, draft), keep=form, status=422)
    return _answer(request, _panel(request, draft), notice=f"The integration {one.name} is created.")


@editor
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """*Remove export*: the query no longer exports its result."""
    notice = "The export is removed. Save the query to keep it so."
    return _answer(request, _panel(request, Draft()), notice=notice, new_target="")


# --- parts -------------------------------------------------------------------------------------------------------


def _panel(request: HttpRequest, draft: Draft, *, again: bool = False, show: str = "") -> Panel:
    post = request.POST
    sampled = draft.authentication and may_edit(request)
    return Panel(
        draft=draft,
        sample=_sample(request, again=again) if sampled else Sample(),
        now=int(timezone.now().timestamp()),
        time_zone=post.get("time_zone", "") or "UTC",
        show=show or post.get("show", "all"),
        find=post.get("find", ""),
    )


def _sample(request: HttpRequest, *, again: bool) -> Sample:
    form = TextForm(request.POST)
    if not request.POST.get("sql", "").strip():
        return EMPTY
    if not form.is_valid():
        return Sample(error=str(next(iter(form.errors.values()))[0]))
    return sample_of(form.text(), user=me(request), again=again)


def _answer_new(request: HttpRequest, draft: Draft, new: NewIntegration, *, status: int = 200) -> HttpResponse:
    found = Panel(draft=draft, sample=Sample())
    return _answer(request, found, step="new", new=new, status=status)


def _answer_table(request: HttpRequest, draft: Draft, form: TableTargetForm, **more: Any) -> HttpResponse:
    return _answer(request, Panel(draft=draft, sample=Sample()), step="table", into=form, **more)


def _answer(
    request: HttpRequest, found: Panel, *, step: str = "existing", status: int = 200, **more: Any
) -> HttpResponse:
    """`step`: existing, new, table, or summary, which is all that people see who may not edit."""
    can_edit = may_edit(request)
    kept = more.setdefault("new_target", None)
    kept = request.POST.get("target", "") if kept is None else kept
    context = {"panel": found, "step": step if can_edit else "summary", "can_edit": can_edit, "has_target": bool(kept)}
    context |= {"keep": NameForm(prefix="keep", initial={"name": request.POST.get("keep-name", "")})} | more
    return render(request, "exports/target/panel.html", context, status=status)
