"""Changing a database: its name, its tables, or all of it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.access import editor
from warehouse import catalogue, changes, tables, usage
from warehouse.forms import NameForm
from warehouse.models import Database
from warehouse.views.asking import Question, answer, many, sent


@editor
@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, name: str) -> HttpResponse:
    database = get_object_or_404(Database, name=name)
    form = NameForm(sent(request), initial={"name": name})
    question = Question(
        heading=f"Rename “{name}”",
        facts=["Its tables and queries stay. Queries that write their tables’ names alone go on."],
        button="Rename database",
        icon="edit",
        table=None,
        database=database,
        uses=usage.of_name(database),
    )

    def act() -> str:
        changes.rename_database(database, form.cleaned_data["name"], user=request.user, request=request)
        messages.success(request, f"Database {name} is now called {form.cleaned_data['name']}.")
        return reverse("warehouse:database", args=[form.cleaned_data["name"]])

    return answer(request, question, form, act)


@editor
@require_http_methods(["GET", "POST"])
def empty(request: HttpRequest, name: str) -> HttpResponse:
    database: Any = get_object_or_404(catalogue.databases(), name=name)
    question = Question(
        heading=f"Empty “{name}”?",
        facts=[
            f"{many(database.table_count, 'table')} with {many(database.rows, 'row')} go. This cannot be undone.",
            "Queries that run now read them to their end; results of past jobs are kept.",
        ],
        button="Delete all tables",
        icon="eraser",
        table=None,
        database=database,
        uses=usage.of_tables(database, database.tables.all()),
        blocked="" if database.table_count else f"{name} has no tables.",
        danger=True,
    )

    def act() -> str:
        count = changes.empty_database(database, user=request.user, request=request)
        messages.success(request, f"{many(count, 'table')} of {name} deleted.")
        return question.back

    return answer(request, question, forms.Form(sent(request)), act)


@editor
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, name: str) -> HttpResponse:
    database = get_object_or_404(Database, name=name)
    count = database.tables.count()
    question = Question(
        heading=f"Delete “{name}”?",
        facts=["The database is empty. Deleting it cannot be undone; a new one may take its name."],
        button="Delete database",
        icon="trash",
        table=None,
        database=database,
        uses=[] if count else usage.of_database(database),
        blocked=f"{name} still has {many(count, 'table')}. Only an empty database can be deleted." if count else "",
        danger=True,
    )

    def act() -> str:
        tables.delete_database(database, user=request.user, request=request)
        messages.success(request, f"Database {name} deleted.")
        return reverse("warehouse:databases")

    return answer(request, question, forms.Form(sent(request)), act)
