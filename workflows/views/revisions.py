"""The revisions of a project: what each one changed, its files, and going back to one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from accounts.access import editor, viewer
from exports.views.queries import may_edit, me
from workflows import cleartext, contents, editing, projects
from workflows import revisions as differences
from workflows.archives import Files
from workflows.models import Project, Revision
from workflows.projects import NotPushed

PAGE_SIZE = 50
FILE = "workflows/projects/revision_file.html"


@viewer
@require_GET
def revisions(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project, pk=pk)
    found = project.revisions.select_related("pushed_by").defer("archive")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"project": project, "page": page, "latest": projects.latest(project).pk}
    return render(request, "workflows/projects/revisions.html", context)


@viewer
@require_GET
def revision(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One revision: what it changed of the one before, and its files."""
    project, this = _find(pk, number)
    known = project.revisions.select_related("pushed_by").defer("archive")
    before, after = known.filter(pk__lt=this.pk).first(), known.filter(pk__gt=this.pk).last()
    files = _shown(request, this)
    context = {
        "project": project,
        "revision": this,
        "before": before,
        "after": after,
        "files": [(path, len(files[path])) for path in sorted(files, key=editing.in_tree)],
        "changes": differences.compare(_shown(request, before), files) if before else [],
        "can_restore": may_edit(request) and after is not None,
    }
    return render(request, "workflows/projects/revision.html", context)


@viewer
@require_GET
def file(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """`path` in the address: a file of the revision."""
    project, this = _find(pk, number)
    path = request.GET.get("path", "")
    content = _shown(request, this).get(path)
    if content is None:
        raise Http404("The revision has no such file.")
    text = editing.text_of(content)
    lines = None if text is None else text.splitlines()
    context = {"project": project, "revision": this, "path": path, "lines": lines, "size": len(content)}
    return render(request, FILE, context)


@viewer
@require_GET
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """`old` and `new` in the address: the numbers of two revisions."""
    project = get_object_or_404(Project, pk=pk)
    chosen = [request.GET.get(name, "") for name in ("old", "new")]
    if not all(one.isdecimal() and len(one) < 19 for one in chosen):
        messages.error(request, "Choose two revisions to compare.")
        return redirect("workflows:revisions", pk)
    (_, old), (_, new) = (_find(pk, int(one)) for one in chosen)
    changes = differences.compare(_shown(request, old), _shown(request, new))
    return render(
        request, "workflows/projects/compare.html", {"project": project, "old": old, "new": new, "changes": changes}
    )


@editor
@require_POST
def restore(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The files of a revision become those of a new one."""
    project, this = _find(pk, number)
    note = f"Restored the revision of {this.pushed_at:%Y-%m-%d %H:%M} UTC"
    try:
        projects.push(project.name, contents.files(this.pk), user=me(request), note=note, request=request)
    except NotPushed as refused:
        told = "; ".join(map(str, refused.problems[:3]))
        messages.error(request, f"These files cannot be used any more, and nothing was restored: {told}")
        return redirect("workflows:revision", pk, number)
    messages.success(request, f"{note}: its files are those of a new revision, which is the latest.")
    return redirect("workflows:project", pk)


@editor
@require_GET
def archive(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The revision as .tar.gz, as it is, which can be uploaded again."""
    project, this = _find(pk, number)
    name = f"{slugify(project.name) or 'project'}-{this.pushed_at:%Y%m%d-%H%M%S}.tar.gz"
    content = bytes(Revision.objects.values_list("archive", flat=True).get(pk=this.pk))
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="application/gzip", headers=headers)


def _shown(request: HttpRequest, revision: Revision) -> Files:
    """The files as the reader may see them."""
    files = contents.files(revision.pk)
    return files if may_edit(request) else cleartext.masked(files)


def _find(pk: int, number: int) -> tuple[Project, Revision]:
    known = Revision.objects.select_related("project", "pushed_by").defer("archive")
    found = get_object_or_404(known, project=pk, pk=number)
    return found.project, found
