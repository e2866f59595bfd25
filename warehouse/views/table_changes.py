"""Changing one table: its name, its place, its rows, or all of it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.access import editor
from warehouse import changes, tables, usage
from warehouse.catalogue import with_sums
from warehouse.forms import MoveForm, NameForm, SwapForm
from warehouse.models import Database, Table
from warehouse.views.asking import Question, answer, many, sent


@editor
@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, database: str, name: str) -> HttpResponse:
    table = _table(database, name)
    form = NameForm(sent(request), initial={"name": name})
    question = Question(
        heading=f"Rename “{name}”",
        facts=["Rows, columns and the record of its loads stay. Queries that run now read on."],
        button="Rename table",
        icon="edit",
        table=table,
        database=table.database,
        uses=usage.of_tables(table.database, [table]),
    )

    def act() -> str:
        changes.rename_table(table, form.cleaned_data["name"], user=request.user, request=request)
        messages.success(request, f"Table {name} is now called {form.cleaned_data['name']}.")
        return reverse("warehouse:table", args=[database, form.cleaned_data["name"]])

    return answer(request, question, form, act)


@editor
@require_http_methods(["GET", "POST"])
def swap(request: HttpRequest, database: str, name: str) -> HttpResponse:
    table = _table(database, name)
    others = [other.name for other in table.database.tables.all() if other.pk != table.pk]
    form = SwapForm(sent(request), others=others, initial={"other": request.GET.get("other")})
    question = Question(
        heading=f"Swap “{name}” with another table",
        facts=[
            "The two exchange their names in one moment: what is in one is then found under the name of the other.",
            "Queries that use either name go on, with the other rows.",
        ],
        button="Swap tables",
        icon="arrows-exchange",
        table=table,
        database=table.database,
        blocked="" if others else f"{database} has no other table to swap with.",
    )

    def act() -> str:
        changes.swap_tables(table, form.cleaned_data["other"], user=request.user, request=request)
        messages.success(request, f"Tables {name} and {form.cleaned_data['other']} are swapped.")
        return reverse("warehouse:table", args=[database, name])

    return answer(request, question, form, act)


@editor
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, database: str, name: str) -> HttpResponse:
    table = _table(database, name)
    others = Database.objects.exclude(pk=table.database_id)
    form = MoveForm(sent(request), databases=others)
    question = Question(
        heading=f"Move “{name}” to another database",
        facts=["Rows, columns and the record of its loads go with it. Queries that run now read on."],
        button="Move table",
        icon="arrow-right",
        table=table,
        database=table.database,
        uses=usage.of_tables(table.database, [table]),
        blocked="" if others.exists() else "There is no other database.",
    )

    def act() -> str:
        target = form.cleaned_data["database"]
        changes.move_table(table, target, user=request.user, request=request)
        messages.success(request, f"Table {name} is now in {target}.")
        return reverse("warehouse:table", args=[target.name, name])

    return answer(request, question, form, act)


@editor
@require_http_methods(["GET", "POST"])
def empty(request: HttpRequest, database: str, name: str) -> HttpResponse:
    table = _table(database, name)
    question = Question(
        heading=f"Empty “{name}”?",
        facts=[
            f"Its {many(table.rows, 'row')} are deleted. This cannot be undone.",
            "Its columns and the record of its loads stay. Queries that run now read it to their end.",
        ],
        button="Empty table",
        icon="eraser",
        table=table,
        database=table.database,
        danger=True,
    )

    def act() -> str:
        rows = changes.empty_table(table, user=request.user, request=request)
        messages.success(request, f"Table {table} is empty: {many(rows, 'row')} deleted.")
        return question.back

    return answer(request, question, forms.Form(sent(request)), act)


@editor
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, database: str, name: str) -> HttpResponse:
    table = _table(database, name)
    question = Question(
        heading=f"Delete “{name}”?",
        facts=[
            f"Its {many(table.rows, 'row')} and the record of its loads go too. This cannot be undone.",
            "Queries that run now read it to their end; results of past jobs are kept.",
        ],
        button="Delete table",
        icon="trash",
        table=table,
        database=table.database,
        uses=usage.of_tables(table.database, [table]),
        danger=True,
    )

    def act() -> str:
        tables.delete_table(table, user=request.user, request=request)
        messages.success(request, f"Table {table} deleted.")
        return reverse("warehouse:database", args=[database])

    return answer(request, question, forms.Form(sent(request)), act)


def _table(database: str, name: str) -> Any:
    """A Table with the sums of `catalogue.with_sums`."""
    known = with_sums(Table.objects.filter(database__name=database)).select_related("database")
    return get_object_or_404(known, name=name)
