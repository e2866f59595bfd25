"""The Project Editor: all texts of a project in one form. Saving makes a new revision."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from accounts.access import editor, viewer
from exports.views.queries import go, may_edit, me
from workflows import cleartext, contents, editing, editor_pages, projects
from workflows.archives import ArchiveError
from workflows.dig.checking import check as problems_of
from workflows.dig.problems import Place, Problem
from workflows.editing import Edit, NotApplied
from workflows.forms import SaveForm
from workflows.models import Project, Revision
from workflows.projects import NotLatest, NotPushed

PAGE, HEAD = "workflows/projects/editor.html", "workflows/projects/_editor_head.html"


@viewer
@require_GET
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """`file` in the address: the one that is open at first; `line`: where."""
    project = get_object_or_404(Project, pk=pk)
    latest = projects.latest(project)
    chosen = request.GET.get("file", "")
    content = contents.files(latest.pk)
    files = editor_pages.shown(content if may_edit(request) else cleartext.masked(content), chosen)
    line = request.GET.get("line", "")
    return _page(request, project, latest, files=files, chosen=chosen, line=line if line.isdecimal() else "")


@editor
@require_POST
def save(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project, pk=pk)
    form, edits = SaveForm(request.POST), editor_pages.posted(request.POST.dict())
    if not form.is_valid():
        told = [Problem(Place(""), f"{name}: {error}") for name, errors in form.errors.items() for error in errors]
        return _refused(request, project, projects.latest(project), edits, told)
    base, over = _revision(project, form.cleaned_data["base"]), form.cleaned_data["over"]
    upon = _revision(project, over) if over else base
    try:
        made = _push(request, project, base, upon, edits, form.cleaned_data["note"])
    except (NotApplied, NotPushed) as wrong:
        return _refused(request, project, base, edits, wrong.problems)
    except ArchiveError as error:
        return _refused(request, project, base, edits, [Problem(Place(""), str(error))])
    except NotLatest as newer:
        return _refused(request, project, base, edits, [], conflict=_conflict(base, newer.latest, edits))
    if made is None:
        return _answer(request, project, base, "There was nothing to save.")
    if upon != base:  # the page lacks what others changed meanwhile
        messages.success(request, f"Saved over the revision of others. {made.note}")
        return go(request, reverse("workflows:editor", args=[project.pk]))
    return _answer(request, project, made, f"Saved. {made.note}")


def _push(
    request: HttpRequest, project: Project, base: Revision, upon: Revision, edits: Mapping[str, Edit], note: str
) -> Revision | None:
    """The revision of what the edits make of `base`, on top of `upon`; None if they change nothing."""
    old = contents.files(base.pk)
    mine = editing.apply(edits.values(), old)
    changes = editing.changes(old, mine)
    if not changes:
        return None
    files = mine if upon == base else editing.onto(contents.files(upon.pk), old, mine)
    note = note or changes.in_words()
    return projects.push(project.name, files, user=me(request), note=note, upon=upon.pk, request=request)


def _conflict(base: Revision, latest: Revision, edits: Mapping[str, Edit]) -> dict[str, Any]:
    """What others changed since `base`, and which of these files the edits change too."""
    old = contents.files(base.pk)
    theirs = editing.changes(old, contents.files(latest.pk)).all
    mine = editing.changes(old, editing.apply(edits.values(), old)).all
    return {"latest": latest, "theirs": sorted(theirs), "both": sorted(theirs & mine)}


def _revision(project: Project, number: int) -> Revision:
    return get_object_or_404(project.revisions.select_related("pushed_by").defer("archive"), pk=number)


@editor
@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """What is wrong with the files as they were sent; nothing is kept."""
    project = get_object_or_404(Project, pk=pk)
    edits = editor_pages.posted(request.POST.dict())
    form = SaveForm(request.POST)
    base = form.is_valid() and project.revisions.defer("archive").filter(pk=form.cleaned_data["base"]).first()
    base = base or projects.latest(project)
    try:
        found = problems_of(projects.readable(editing.apply(edits.values(), contents.files(base.pk))))
    except (NotApplied, NotPushed) as wrong:
        found = list(wrong.problems)
    if found:
        return _refused(request, project, base, edits, found)
    return _page(request, project, base, edits=edits, template=_template(request), says="Nothing is wrong.")


def _answer(request: HttpRequest, project: Project, revision: Revision, says: str) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, says)
        return redirect(reverse("workflows:editor", args=[project.pk]))
    response = _page(request, project, revision, template=HEAD, says=says)
    return trigger_client_event(response, "project-saved", after="settle")


def _template(request: HttpRequest) -> str:
    return HEAD if request.htmx else PAGE  # type: ignore[attr-defined]


def _refused(
    request: HttpRequest,
    project: Project,
    base: Revision,
    edits: Mapping[str, Edit],
    problems: Sequence[Problem],
    *,
    conflict: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """The same again, with all that was typed and what is wrong with it."""
    template = _template(request)
    return _page(
        request, project, base, edits=edits, problems=problems, template=template, status=422, conflict=conflict
    )


def _page(
    request: HttpRequest,
    project: Project,
    base: Revision,
    *,
    files: Sequence[editor_pages.File] = (),
    edits: Mapping[str, Edit] | None = None,
    problems: Sequence[Problem] = (),
    template: str = PAGE,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    if edits is not None:
        files = editor_pages.shown_again(edits, contents.files(base.pk), problems)
    context |= {
        "project": project,
        "base": base,
        "files": files,
        "problems": editor_pages.told(problems, files),
        "note": request.POST.get("note", ""),
        "typed": edits is not None,
        "new": editor_pages.NEW,
        "can_edit": may_edit(request),
    }
    return render(request, template, context, status=status)
