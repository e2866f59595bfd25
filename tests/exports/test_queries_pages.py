"""The pages of queries: what they save, refuse, show and mask, for whom."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from exports import queries, targets
from exports.models import Job, Query
from tests.exports.queries import SQL, a_draft, a_query, line, orders, posted, shop, target_text

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def edit(as_user, editor):
    return as_user(editor)


@pytest.fixture
def look(as_user, viewer):
    return as_user(viewer)


def url(name, *args):
    return reverse(f"exports:{name}", args=args)


def text(response):
    return response.content.decode()


def actions():
    return list(AuditEntry.objects.filter(action__startswith="query.").order_by("pk").values_list("action", flat=True))


# --- the list ----------------------------------------------------------------------------------------------------


def test_an_empty_list_says_what_to_do(edit):
    page = text(edit.get(url("queries")))
    assert "No queries yet" in page and url("query_new") in page


def test_the_list_shows_where_results_go_and_how_the_last_job_ended(edit, editor):
    query = a_query(editor, target=targets.parse(target_text(line())))
    for state in ("error", "success"):
        Job.objects.create(
            query=query,
            name="purchases",
            database_name="shop_jp",
            sql=SQL,
            state=state,
            next_attempt_at=timezone.now(),
        )
    page = text(edit.get(url("queries")))
    assert "line_prod" in page and "Version 1, by you" in page
    assert "Success" in page and "Failed" not in page


def test_a_search_that_finds_nothing_says_so(edit):
    a_query()
    page = text(edit.get(url("queries"), {"q": "<b>nothing"}))
    assert "No query matches “&lt;b&gt;nothing”" in page


def test_many_queries_cost_no_more_sql(edit, editor, django_assert_max_num_queries):
    target = targets.parse(target_text(line()))
    for n in range(200):
        a_query(editor, name=f"query {n:03}", target=target if n % 2 else None)
    for query in Query.objects.all()[:60]:
        Job.objects.create(query=query, name="n", database_name="d", sql=SQL, next_attempt_at=timezone.now())
    with django_assert_max_num_queries(7):
        page = text(edit.get(url("queries")))
    assert "1–50 of 200" in page and "query 049" in page and "query 050" not in page


# --- saving ------------------------------------------------------------------------------------------------------


def test_a_new_query_is_saved_and_opened(edit, editor):
    response = edit.post(url("query_create"), posted(name="  purchases "))
    query = Query.objects.get()
    assert response["Location"] == url("query", query.pk)
    assert (query.name, query.sql, query.created_by) == ("purchases", SQL, editor)
    assert actions() == ["query.create"]


def test_lines_are_kept_as_they_are_but_for_their_ends(edit):
    edit.post(url("query_create"), posted(sql="\r\nSELECT 1\r\n  AS n\r\n"))
    assert Query.objects.get().sql == "\nSELECT 1\n  AS n\n"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "  "}, "Give the query a name."),
        ({"name": "x" * 256}, "at most 255 characters"),
        ({"name": "visits"}, "A query with this name exists."),
        ({"sql": " \n "}, "The query is empty."),
        ({"database": "999"}, "This database does not exist any more."),
        ({"time_zone": "Mars/Olympus"}, "There is no time zone “Mars/Olympus”."),
        ({"target": "{}"}, "Export Results: The export target names no authentication."),
    ],
)
def test_what_is_wrong_stands_on_the_page_and_the_text_stays(edit, change, says):
    a_query(name="visits")
    response = edit.post(url("query_create"), posted(**{"sql": "SELECT 'mine'"} | change))
    assert response.status_code == 422
    assert says in text(response)
    assert "mine" in text(response) or "sql" in change
    assert Query.objects.count() == 1


def test_a_save_by_htmx_answers_the_head_alone(edit):
    query = a_query()
    response = edit.post(url("query_save", query.pk), posted(query, sql="SELECT 2"), headers=HTMX)
    assert "Saved as version 2." in text(response) and "<html" not in text(response)
    assert "query-saved" in response["HX-Trigger-After-Settle"]
    assert 'name="version" value="2"' in text(response)


def test_a_save_without_javascript_comes_back_to_the_query(edit):
    query = a_query()
    response = edit.post(url("query_save", query.pk), posted(query, sql="SELECT 2"))
    assert response["Location"] == url("query", query.pk)
    assert actions() == ["query.update"]


def test_saving_nothing_new_is_no_change(edit):
    query = a_query()
    page = text(edit.post(url("query_save", query.pk), posted(query), headers=HTMX))
    assert "There was nothing to save." in page and actions() == []


def test_a_conflict_is_told_and_can_be_decided(edit, admin):
    query = a_query()
    mine = posted(query, sql="SELECT 'mine'")
    queries.update(query, a_draft(sql="SELECT 'theirs'"), base=1, user=admin)
    response = edit.post(url("query_save", query.pk), mine, headers=HTMX)
    page = text(response)
    assert response.status_code == 422 and "by admin, while you were editing" in page
    assert "Save anyway as version 3" in page and "Open version 2" in page
    assert edit.post(url("query_save", query.pk), mine | {"over": 2}, headers=HTMX).status_code == 200
    query.refresh_from_db()
    assert (query.version, query.sql) == (3, "SELECT 'mine'")


def test_saving_anyway_saves_over_no_later_version_than_was_seen(edit, admin):
    query = a_query()
    mine = posted(query, sql="SELECT 'mine'", over=2)
    queries.update(query, a_draft(sql="SELECT 2"), base=1, user=admin)
    queries.update(query, a_draft(sql="SELECT 3"), base=2, user=admin)
    assert "Save anyway as version 4" in text(edit.post(url("query_save", query.pk), mine, headers=HTMX))


# --- running -----------------------------------------------------------------------------------------------------


def test_run_leads_to_the_job(edit):
    query = a_query()
    response = edit.post(url("query_run", query.pk), posted(query))
    job = Job.objects.get()
    assert response["Location"] == url("job", job.pk) and job.query_version == 1
    assert actions() == ["query.run"]


def test_run_by_htmx_leads_to_the_job_and_says_what_is_unsaved(edit):
    query = a_query()
    response = edit.post(url("query_run", query.pk), posted(query, sql="SELECT 2"), headers=HTMX)
    job = Job.objects.get()
    assert response["HX-Redirect"] == url("job", job.pk)
    assert (job.sql, job.query_version) == ("SELECT 2", None)
    assert "not saved in “purchases”" in text(edit.get(url("queries")))


def test_run_needs_no_name(edit):
    edit.post(url("query_run_new"), posted(name=""))
    assert Job.objects.get().name == "Untitled query" and not Query.objects.exists()


def test_run_of_an_empty_text_is_refused(edit):
    response = edit.post(url("query_run_new"), posted(sql=""), headers=HTMX)
    assert response.status_code == 422 and "The query is empty." in text(response)


def test_the_run_button_names_the_destination(edit):
    target = target_text(line())
    page = text(edit.post(url("query_run_label"), posted(name="", target=target), headers=HTMX))
    assert ">Run and export to line_prod<" in page
    assert text(edit.post(url("query_run_label"), posted(), headers=HTMX)).strip().startswith("Run\n")


# --- copies, deletion, history -----------------------------------------------------------------------------------


def test_a_copy_is_opened(edit):
    query = a_query()
    response = edit.post(url("query_duplicate", query.pk))
    copy = Query.objects.get(name="Copy of purchases")
    assert response["Location"] == url("query", copy.pk) and actions() == ["query.create"]


def test_a_query_is_deleted_after_a_question(edit):
    query = a_query()
    assert "This cannot be undone" in text(edit.get(url("query_delete", query.pk)))
    assert edit.post(url("query_delete", query.pk))["Location"] == url("queries")
    assert not Query.objects.exists() and actions() == ["query.delete"]


def test_a_query_with_an_active_job_stays_and_the_page_says_why(edit, editor):
    query = a_query()
    queries.run(a_draft(), query=query, user=editor)
    page = text(edit.post(url("query_delete", query.pk), follow=True))
    assert "is still active" in page and Query.objects.exists()


def test_the_history_shows_who_saved_what_and_restores_it(edit, editor):
    query = a_query()
    queries.update(query, a_draft(sql="SELECT 2"), base=1, user=editor)
    assert "by you" in text(edit.get(url("query_versions", query.pk)))
    page = text(edit.get(url("query_version", query.pk, 2)))
    assert "SELECT 2" in page and "removed" in page and url("query_restore", query.pk, 2) not in page
    assert url("query_restore", query.pk, 1) in text(edit.get(url("query_version", query.pk, 1)))
    page = text(edit.post(url("query_restore", query.pk, 1), follow=True))
    assert "Version 1 was restored as version 3." in page
    assert actions() == ["query.restore"]


# --- preview -----------------------------------------------------------------------------------------------------


def test_a_preview_masks_personal_data(edit):
    orders(shop())
    page = text(edit.post(url("query_preview_new"), posted(name=""), headers=HTMX))
    assert "3 rows" in page and "varchar" in page and "o-1" in page
    assert "taro@example.jp" not in page and "t•••@example.jp" in page and "+818012345678" not in page


def test_showing_values_is_on_record(edit):
    orders(shop())
    query = a_query()
    edit.post(url("query_preview", query.pk), posted(query), headers=HTMX)
    page = text(edit.post(url("query_preview", query.pk), posted(query, reveal=1), headers=HTMX))
    assert "taro@example.jp" in page and "+818012345678" in page and "Mask values" in page
    assert actions() == ["query.reveal"]
    page = text(edit.post(url("query_preview", query.pk), posted(query, masked=1), headers=HTMX))
    assert "taro@example.jp" not in page


def test_a_column_that_is_mapped_to_a_personal_field_is_masked(edit):
    orders(shop(), {"code": ["a1b2c3"]}, name="people")
    target = target_text(line(), external_id="code")
    values = posted(sql="SELECT code FROM people", target=target)
    assert "a1b2c3" not in text(edit.post(url("query_preview_new"), values, headers=HTMX))


def test_an_error_in_the_text_says_where(edit):
    response = edit.post(url("query_preview_new"), posted(sql="SELECT\n  nope\nFROM orders"), headers=HTMX)
    page = text(response)
    assert response.status_code == 422 and 'data-error-line="3"' in page
    assert "does not exist" in page and "Go to line 3" in page


def test_an_empty_text_is_not_previewed(edit):
    response = edit.post(url("query_preview_new"), posted(sql=" "), headers=HTMX)
    assert response.status_code == 422 and "The query is empty." in text(response)


def test_a_preview_without_javascript_shows_the_page_with_text_and_rows(edit):
    orders(shop())
    page = text(edit.post(url("query_preview_new"), posted(name="mine")))
    assert "<html" in page and "o-1" in page and 'value="mine"' in page and "ORDER BY order_uid" in page


# --- roles -------------------------------------------------------------------------------------------------------


def test_a_viewer_reads_but_changes_nothing(look):
    query = a_query()
    page = text(look.get(url("query", query.pk)))
    assert "ORDER BY order_uid" in page and 'id="save"' not in page and 'id="run"' not in page
    assert "Duplicate" not in text(look.get(url("queries")))


@pytest.mark.parametrize("name", ["query_create", "query_run_new", "query_run_label", "query_preview_new"])
def test_a_viewer_posts_no_text(look, name):
    assert look.post(url(name), posted()).status_code == 403


@pytest.mark.parametrize("name", ["query_save", "query_run", "query_duplicate", "query_delete"])
def test_a_viewer_changes_no_query(look, name):
    query = a_query()
    assert look.post(url(name, query.pk), posted(query)).status_code == 403


def test_a_viewer_restores_nothing(look):
    query = a_query()
    assert look.post(url("query_restore", query.pk, 1)).status_code == 403


def test_a_viewer_sees_rows_of_the_saved_text_only(look):
    orders(shop())
    query = a_query()
    values = posted(query, sql="SELECT substr(email, 2) AS n FROM orders")
    page = text(look.post(url("query_preview", query.pk), values, headers=HTMX))
    assert "o-1" in page and "aro@example.jp" not in page and "Show values" not in page


def test_a_viewer_is_shown_no_values(look):
    query = a_query()
    assert look.post(url("query_preview", query.pk), posted(query, reveal=1)).status_code == 403


@pytest.mark.parametrize("name", ["query_create", "query_run_new", "query_preview_new", "query_preview_cancel"])
def test_nothing_is_changed_by_a_link(edit, name):
    assert edit.get(url(name)).status_code == 405


def test_a_link_may_bring_a_text_which_is_not_run(edit):
    shop()
    page = text(edit.get(url("query_new"), {"database": "shop_jp", "sql": "SELECT 7 AS n"}))
    assert "SELECT 7 AS n" in page and "selected>shop_jp" in page and not Job.objects.exists()


def test_without_a_database_the_editor_says_what_is_missing(edit):
    assert "There is no database yet." in text(edit.get(url("query_new")))
