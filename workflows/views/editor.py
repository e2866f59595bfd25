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
from workflows import contents, editing, editor_pages, projects
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
    files = editor_pages.shown(contents.files(latest.pk), chosen)
    line = request.GET.get("line", "")
    return _page(request, project, latest, files=files, chosen=chosen, line=line if line.isdecimal() else "")


@editor
@require_POST
def save(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project, pk=pk)
    form = SaveForm(request.POST)
    edits = editor_pages.posted(request.POST.dict())
    if not form.is_valid():
        told = [f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]
        return _refused(request, project, projects.latest(project), edits, [Problem(Place(""), one) for one in told])
    base = get_object_or_404(Revision.objects.select_related("pushed_by").defer("archive"), project=project, pk=form.cleaned_data["base"])
    over = form.cleaned_data["over"]
    upon = get_object_or_404(Revision.objects.defer("archive"), project=project, pk=over) if over else base
    try:
        old = contents.files(base.pk)
        mine = editing.apply(edits.values(), old)
        changes = editing.changes(old, mine)
        if not changes:
            return _answer(request, project, base, "There was nothing to save.")
        made = projects.push(
            project.name,
            mine if upon == base else editing.onto(contents.files(upon.pk), old, mine),
            user=me(request),
            note=form.cleaned_data["note"] or changes.in_words(),
            upon=upon.pk,
            request=request,
        )
    except (NotApplied, NotPushed) as wrong:
        return _refused(request, project, base, edits, wrong.problems)
    except ArchiveError as error:
        return _refused(request, project, base, edits, [Problem(Place(""), str(error))])
    except NotLatest as error:
        theirs = editing.changes(contents.files(base.pk), contents.files(error.latest.pk))
        conflict = {"latest": error.latest, "theirs": sorted(theirs.all), "both": sorted(theirs.all & changes.all)}
        return _refused(request, project, base, edits, [], conflict=conflict)
    if upon != base:  # the page lacks what others changed meanwhile
        messages.success(request, f"Saved over the revision of others. {made.note}")
        return go(request, reverse("workflows:editor", args=[project.pk]))
    return _answer(request, project, made, f"Saved. {made.note}")


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
    given = {"edits": edits, "problems": problems, "conflict": conflict}
    return _page(request, project, base, template=_template(request), status=422, **given)


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
