"""Folders of segments: a new one, another name, another place, and away."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.access import editor
from audiences import folders
from audiences.forms import MoveForm, NameForm, NewFolderForm
from audiences.models import Folder, ParentSegment
from audiences.views.asking import Question, answer, sent


@editor
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """`folder` (a number) in the address: what it goes into."""
    parent = get_object_or_404(ParentSegment, pk=pk)
    form = NewFolderForm(sent(request), parent=parent, initial={"folder": request.GET.get("folder", "")})
    question = Question(parent, "New folder", "Create folder", "folder-plus", _tree(parent))

    def act() -> str:
        data = form.cleaned_data
        made = folders.create(parent, data["name"], data["folder"])
        audit.record("folder.create", made, request=request, parent_segment=parent.name)
        messages.success(request, f"Folder “{made.name}” created.")
        return question.back

    return answer(request, question, form, act)


@editor
@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    folder = _folder(pk)
    form = NameForm(sent(request), initial={"name": folder.name})
    before = folder.name
    question = _question(folder, f"Rename “{before}”", "Rename folder", "edit")

    def act() -> str:
        folders.rename(folder, form.cleaned_data["name"])
        audit.record("folder.rename", folder, request=request, before=before)
        messages.success(request, f"Folder “{before}” is now called “{folder.name}”.")
        return question.back

    return answer(request, question, form, act)


@editor
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, pk: int) -> HttpResponse:
    folder = _folder(pk)
    form = MoveForm(sent(request), parent=folder.parent_segment, initial={"folder": folder.parent_id})
    question = _question(
        folder, f"Move “{folder.name}”", "Move folder", "arrow-right", "All that is in it goes with it."
    )

    def act() -> str:
        folders.move(folder, form.cleaned_data["folder"])
        audit.record("folder.move", folder, request=request, to=folders.SEPARATOR.join(folders.path(folder)[:-1]))
        messages.success(request, f"Folder “{folder.name}” moved.")
        return question.back

    return answer(request, question, form, act)


@editor
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    folder = _folder(pk)
    found = folders.contents(folder)
    question = Question(
        folder.parent_segment,
        f"Delete “{folder.name}”?",
        "Delete folder",
        "trash",
        _tree(folder.parent_segment),
        facts=["It is empty. This cannot be undone."],
        blocked=found and f"It holds {found}. Move or delete what is in it, and come back.",
        danger=True,
    )

    def act() -> str:
        name = folder.name
        folders.delete(folder)
        audit.record("folder.delete", request=request, name=name, parent_segment=folder.parent_segment.name)
        messages.success(request, f"Folder “{name}” deleted.")
        return question.back

    return answer(request, question, forms.Form(sent(request)), act)


def _folder(pk: int) -> Folder:
    return get_object_or_404(Folder.objects.select_related("parent_segment"), pk=pk)


def _question(folder: Folder, heading: str, button: str, icon: str, *facts: str) -> Question:
    return Question(folder.parent_segment, heading, button, icon, _tree(folder.parent_segment), facts)


def _tree(parent: ParentSegment) -> str:
    return reverse("audiences:segments", args=[parent.pk])
