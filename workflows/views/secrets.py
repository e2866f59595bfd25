"""The secrets of a project: which there are and who set them, never what they are."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import editor, viewer
from exports.views.queries import may_edit, me
from workflows import contents, projects
from workflows import secrets as kept
from workflows.forms import SecretForm, ValueForm
from workflows.models import Project, Secret


@viewer
@require_GET
def secrets(request: HttpRequest, pk: int) -> HttpResponse:
    """All of them, with the files that name them. `key` in the address: one to add."""
    return _page(request, get_object_or_404(Project, pk=pk), SecretForm(initial={"key": request.GET.get("key", "")}))


@editor
@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_object_or_404(Project, pk=pk)
    form = SecretForm(request.POST)
    if form.is_valid() and project.secrets.filter(key=form.cleaned_data["key"]).exists():
        form.add_error("key", "There is a secret with this key. Replace it in the list.")
    if not form.is_valid():
        return _page(request, project, form)
    key = form.cleaned_data["key"]
    kept.keep(project, key, form.cleaned_data["value"], user=me(request), request=request)
    messages.success(request, f"Secret “{key}” was added.")
    return redirect("workflows:secrets", pk)


@editor
@require_http_methods(["GET", "POST"])
def replace(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    secret = _find(pk, key)
    form = ValueForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        kept.keep(secret.project, key, form.cleaned_data["value"], user=me(request), request=request)
        messages.success(request, f"Secret “{key}” was replaced. Tasks that start from now on read the new value.")
        return redirect("workflows:secrets", pk)
    context = {"project": secret.project, "secret": secret, "form": form}
    return render(request, "workflows/projects/secret.html", context, status=422 if form.errors else 200)


@editor
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    secret = _find(pk, key)
    project = secret.project
    if request.method == "POST":
        kept.remove(project, key, user=me(request), request=request)
        messages.success(request, f"Secret “{key}” was deleted.")
        return redirect("workflows:secrets", pk)
    context = {"project": project, "secret": secret, "files": _named(project).get(key, [])}
    return render(request, "workflows/projects/secret_delete.html", context)


def _page(request: HttpRequest, project: Project, form: SecretForm) -> HttpResponse:
    named, known = _named(project), list(project.secrets.select_related("updated_by").defer("encrypted"))
    keys = {secret.key for secret in known}
    context = {
        "project": project,
        "secrets": [(secret, named.get(secret.key, [])) for secret in known],
        "missing": [(key, files) for key, files in named.items() if key not in keys],
        "form": form,
        "can_edit": may_edit(request),
    }
    return render(request, "workflows/projects/secrets.html", context, status=422 if form.errors else 200)


def _named(project: Project) -> dict[str, list[str]]:
    """The keys that the latest revision's files name, each with those files."""
    return kept.named(contents.texts(projects.latest(project).pk))


def _find(pk: int, key: str) -> Secret:
    return get_object_or_404(Secret.objects.select_related("project").defer("encrypted"), project=pk, key=key)
