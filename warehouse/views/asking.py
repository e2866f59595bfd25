"""A page that asks with a form (GET) before it changes a table or database (POST), or says why that cannot be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from warehouse.changes import Refused
from warehouse.models import Database, Table
from warehouse.usage import InUse, Use


@dataclass(frozen=True)
class Question:
    """A page: its heading, what will happen, the button, and who is in the way, if someone is.

    blocked: why it cannot be done now, if for another reason than its users.
    """

    heading: str
    facts: Sequence[str]
    button: str
    icon: str
    table: Table | None
    database: Database
    uses: Sequence[Use] = ()
    blocked: str = ""
    danger: bool = False

    @property
    def crumb(self) -> str:
        """Rename, Swap, Empty …"""
        return self.heading.split()[0]

    @property
    def back(self) -> str:
        if self.table:
            return reverse("warehouse:table", args=[self.database.name, self.table.name])
        return reverse("warehouse:database", args=[self.database.name])


def answer(request: HttpRequest, question: Question, form: forms.Form, act: Callable[[], str]) -> HttpResponse:
    """Ask; or, when the form is sent, do it and go to the address that `act` returns, or say why it cannot be done."""
    error, uses = "", question.uses
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(act())
        except ValidationError as invalid:
            form.add_error(None if not form.fields else next(iter(form.fields)), invalid.messages)
        except InUse as reason:
            error, uses = str(reason), reason.uses or uses
        except Refused as reason:
            error = str(reason)
    context = {
        "question": question,
        "table": question.table,
        "database": question.database,
        "form": form,
        "error": error,
        "uses": uses,
        "can_act": not (uses or question.blocked),
    }
    status = 409 if error else 422 if form.errors else 200
    return render(request, "warehouse/change.html", context, status=status)


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: the POST, be it empty, or nothing."""
    return request.POST if request.method == "POST" else None


def many(count: int, what: str) -> str:
    """1 row, 2,000 rows."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
