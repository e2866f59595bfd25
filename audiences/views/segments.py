"""The tree of a parent segment, and what is done to a segment beside editing its rule."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.access import editor, viewer
from audiences import folders, profiles, tree
from audiences import segments as kept
from audiences.forms import MoveForm
from audiences.models import ParentSegment, Segment
from audiences.views.asking import Question, answer, sent
from exports.views.queries import me

ALL_OPEN = 100  # segments; of more the folders are closed at first


@viewer
@require_GET
def segments(request: HttpRequest, pk: int) -> HttpResponse:
    parent = get_object_or_404(ParentSegment, pk=pk)
    search = request.GET.get("q", "").strip()
    top = tree.of(parent, search)
    build = profiles.last_build(parent)
    context = {
        "parent": parent,
        "top": top,
        "search": search,
        "open": bool(search) or top.total <= ALL_OPEN,
        "built_at": build.finished_at if build else None,
    }
    return render(request, "audiences/segments/tree.html", context)


@editor
@require_POST
def duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    segment = a_segment(pk)
    copy = kept.duplicate(segment, user=me(request))
    audit.record("segment.create", copy, request=request, copy_of=segment.name)
    messages.success(request, f"“{copy.name}” is a copy of “{segment.name}”.")
    return redirect("audiences:segment", copy.pk)


@editor
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, pk: int) -> HttpResponse:
    segment = a_segment(pk)
    form = MoveForm(sent(request), parent=segment.parent_segment, initial={"folder": segment.folder_id})
    back = reverse("audiences:segment", args=[segment.pk])
    question = Question(segment.parent_segment, f"Move “{segment.name}”", "Move segment", "arrow-right", back)

    def act() -> str:
        kept.move(segment, form.cleaned_data["folder"], user=me(request))
        to = folders.SEPARATOR.join(folders.path(segment.folder))
        audit.record("segment.move", segment, request=request, to=to)
        messages.success(request, f"“{segment.name}” is now in {f'“{to}”' if to else 'no folder'}.")
        return reverse("audiences:segments", args=[segment.parent_segment_id])

    return answer(request, question, form, act)


@editor
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    segment = a_segment(pk)
    parent, users = segment.parent_segment, kept.users(segment)
    question = Question(
        parent,
        f"Delete “{segment.name}”?",
        "Delete segment",
        "trash",
        reverse("audiences:segment", args=[segment.pk]),
        facts=["Its rule is removed. The customers stay. This cannot be undone."],
        blocked="It is in use. Change or delete these, and come back." if users else "",
        users=users,
        danger=True,
    )

    def act() -> str:
        name = segment.name
        kept.delete(segment)
        audit.record("segment.delete", request=request, name=name, segment=pk, parent_segment=parent.name)
        messages.success(request, f"“{name}” was deleted.")
        return reverse("audiences:segments", args=[parent.pk])

    return answer(request, question, forms.Form(sent(request)), act)


def a_segment(pk: int) -> Segment:
    """With its parent segment, or 404."""
    return get_object_or_404(
        Segment.objects.select_related("parent_segment__query", "folder", "created_by", "updated_by"), pk=pk
    )
