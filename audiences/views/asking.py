"""A page that asks (GET) before a folder or a segment is changed (POST), or says why that cannot be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from audiences.models import ParentSegment
from audiences.segments import Users
from exports.errors import NameTaken, NotPossible


@dataclass(frozen=True)
class Question:
    """A page: its heading, what will happen, the button, and where it leads back to.

    blocked: why it cannot be done; users: what is in the way.
    """

    parent: ParentSegment
    heading: str
    button: str
    icon: str
    back: str
    facts: Sequence[str] = ()
    blocked: str = ""
    users: Users | None = None
    danger: bool = False

    @property
    def crumb(self) -> str:
        """Rename, Move, Delete …"""
        return self.heading.split(" “")[0]


def answer(request: HttpRequest, question: Question, form: forms.Form, act: Callable[[], str]) -> HttpResponse:
    """Ask; or, when the form is sent, do it and go to the address that `act` returns, or say why it cannot be done."""
    error = ""
    if request.method == "POST" and not question.blocked and form.is_valid():
        try:
            return redirect(act())
        except NameTaken:
            form.add_error(next(iter(form.fields)), "Something of this name is there already.")
        except NotPossible as reason:
            error = str(reason)
    status = 409 if error or (question.blocked and request.method == "POST") else 422 if form.errors else 200
    context = {"question": question, "parent": question.parent, "form": form, "error": error}
    return render(request, "audiences/segments/ask.html", context, status=status)


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: the POST, be it empty, or nothing."""
    return request.POST if request.method == "POST" else None
