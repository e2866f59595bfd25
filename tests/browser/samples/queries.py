"""Queries."""

from django.urls import reverse

from accounts.models import Role
from exports import queries, targets
from tests.browser.samples.page import Page
from tests.conftest import person
from tests.exports.queries import a_draft, line, target_text


def a_saved_query(page=""):
    """With two versions, a destination and a job."""
    kenji, text = person("kenji", Role.EDITOR), target_text(line(), phone="phone")
    query = queries.create(a_draft(), user=kenji)
    changed = a_draft(sql="SELECT 'a' AS phone", target=targets.parse(text))
    queries.update(query, changed, base=1, user=kenji)
    queries.run(changed, query=query, user=kenji)
    return reverse("exports:query", args=[query.pk]) + page


def the_queries():
    a_saved_query()
    queries.create(a_draft(name="visits"), user=None)
    return reverse("exports:queries")


PAGES = [
    Page("no queries", "/queries", Role.EDITOR),
    Page("queries", the_queries, Role.EDITOR),
    Page("queries, nothing found", "/queries?q=nothing", Role.VIEWER),
    Page("new query without a database", "/queries/new", Role.EDITOR),
    Page("query", a_saved_query, Role.EDITOR),
    Page("query, for a viewer", a_saved_query, Role.VIEWER),
    Page("versions of a query", lambda: a_saved_query("/versions"), Role.EDITOR),
    Page("version of a query", lambda: a_saved_query("/versions/2"), Role.EDITOR),
    Page("old version of a query", lambda: a_saved_query("/versions/1"), Role.EDITOR),
    Page("delete a query", lambda: a_saved_query("/delete"), Role.EDITOR),
]
