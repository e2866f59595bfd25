"""New projects, from a template or from files, and files for a new revision of one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.access import editor
from exports.errors import NameTaken
from exports.views.queries import me
from warehouse import uploads as limits
from workflows import projects, uploading
from workflows.archives import ArchiveError
from workflows.forms import TAKEN, NewForm, UploadForm, UploadNewForm
from workflows.models import Project
from workflows.projects import NotPushed
from workflows.uploading import Picked


@editor
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = NewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        try:
            made = projects.create(name, form.beginning(), user=me(request), request=request)
        except NameTaken:
            form.add_error("name", TAKEN)
        else:
            messages.success(request, f"“{name}” was made. Change its files, then start it or give it a schedule.")
            return redirect("workflows:editor", made.project_id)
    return render(request, "workflows/projects/new.html", {"form": form}, status=422 if form.errors else 200)


@editor
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """A new project of an archive or of files."""
    if request.method == "GET":
        return _ask(request, UploadNewForm())
    form = UploadNewForm(request.POST, request.FILES, too_large=limits.too_large(request))
    picked = _picked(form)
    if picked is None:
        return _ask(request, form)
    name = form.cleaned_data["name"] or uploading.project_name(form.uploads())
    if told := projects.name_problem(name) if name else "Give the project a name.":
        form.add_error("name", told)
        return _ask(request, form)
    try:
        made = projects.create(name, picked.files, user=me(request), note="Uploaded", request=request)
    except NameTaken:
        form.add_error("name", f"{TAKEN} Open it to upload its next revision.")
    except NotPushed as refused:
        return _ask(request, form, problems=refused)
    except ArchiveError as error:
        form.add_error("upload", str(error))
    else:
        messages.success(request, f"“{name}” was made of {_counted(picked)}.")
        return redirect("workflows:project", made.project_id)
    return _ask(request, form)


@editor
@require_http_methods(["GET", "POST"])
def upload_revision(request: HttpRequest, pk: int) -> HttpResponse:
    """All files of a project anew."""
    project = get_object_or_404(Project, pk=pk)
    if request.method == "GET":
        return _ask(request, UploadForm(), project=project)
    form = UploadForm(request.POST, request.FILES, too_large=limits.too_large(request))
    picked = _picked(form)
    if picked is None:
        return _ask(request, form, project=project)
    try:
        projects.push(project.name, picked.files, user=me(request), note="Uploaded", request=request)
    except NotPushed as refused:
        return _ask(request, form, project=project, problems=refused)
    except ArchiveError as error:
        form.add_error("upload", str(error))
        return _ask(request, form, project=project)
    messages.success(request, f"The latest revision has {_counted(picked)}.")
    return redirect("workflows:project", pk)


def _picked(form: UploadForm) -> Picked | None:
    if not form.is_valid():
        return None
    try:
        return uploading.read(form.uploads())
    except ArchiveError as error:
        form.add_error("upload", str(error))
        return None


def _counted(picked: Picked) -> str:
    count = len(picked.files)
    told = f"{count:,} file{'' if count == 1 else 's'}"
    return f"{told}; {picked.hidden:,} hidden ones were left out" if picked.hidden else told


def _ask(
    request: HttpRequest, form: UploadForm, *, project: Project | None = None, problems: NotPushed | None = None
) -> HttpResponse:
    back = reverse("workflows:project", args=[project.pk]) if project else reverse("workflows:projects")
    context = {"form": form, "project": project, "problems": problems and problems.problems, "back": back}
    return render(request, "workflows/projects/upload.html", context, status=422 if form.errors or problems else 200)
