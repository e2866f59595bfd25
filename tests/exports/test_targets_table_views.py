"""The Export Results panel by HTTP: a table that takes the result, and what was given with a result."""

import html
import json

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from exports import queries, result_targets
from exports.models import ExportTarget, Job
from exports.table_targets import TableTarget, dump
from integrations.models import Authentication
from tests.exports.factories import a_job
from tests.exports.queries import a_query, line, orders, posted, shop

pytestmark = pytest.mark.django_db
TOKEN = "a-token-that-nobody-may-see"
INLINE = {"type": "line_conversion", "line_tag_id": "tag_77", "access_token": TOKEN, "max_records": 3000}
PAID = TableTarget("shop_jp", "paid", "replace")


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    orders(shop())


@pytest.fixture
def post(as_user, editor):
    """`post("done", …)` → the status and the text of the panel's answer."""

    def send(name, user=editor, **values):
        answer = as_user(user).post(reverse(f"exports:target_{name}"), posted() | values)
        return answer.status_code, html.unescape(answer.content.decode())

    return send


@pytest.fixture
def given(editor):
    """A query whose target came through the API."""
    target = result_targets.read(json.dumps(INLINE), user=editor).target
    return a_query(editor, target=target)


def target_of(text):
    """What the answer puts into the query's form."""
    return text.partition('name="target" id="target" value="')[2].partition('" autocomplete')[0]


# --- tables -------------------------------------------------------------------------------------------------------


def test_a_table_is_a_third_choice(post):
    status, text = post("check", choice="table")
    assert status == 200
    assert "Treasure Data Table" in text
    assert 'name="into-table"' in text
    assert "shop_jp" in text


def test_done_takes_the_table_over_into_the_query(post):
    values = {"into-database": "shop_jp", "into-table": "paid", "into-mode": "replace"}
    status, text = post("table", **values)
    assert (status, target_of(text)) == (200, dump(PAID))
    assert "The result replaces table shop_jp.paid." in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"into-table": ""}, "Give the table a name."),
        ({"into-table": "No"}, "cannot be the name of a table"),
        ({"into-database": "gone"}, "does not exist any more"),
        ({"into-mode": "update"}, "Select a valid choice"),
    ],
)
def test_a_table_that_cannot_be_written_is_refused_beside_the_field(post, changes, says):
    status, text = post("table", **{"into-database": "shop_jp", "into-table": "paid", "into-mode": "append"} | changes)
    assert status == 422
    assert says in text
    assert 'id="target"' not in text


def test_the_panel_opens_with_the_table_of_the_query(post, viewer):
    _, text = post("panel", target=dump(PAID))
    assert 'value="paid"' in text
    assert "Remove export" in text
    _, text = post("panel", viewer, target=dump(PAID))
    assert "The result replaces table shop_jp.paid." in text
    assert "<select" not in text


def test_a_table_whose_database_is_gone_is_told(post):
    _, text = post("panel", target=dump(TableTarget("gone_db", "paid")))
    assert "there is no database gone_db" in text


def test_the_query_is_saved_with_its_table_and_without(as_user, editor):
    query = a_query(editor)
    save = reverse("exports:query_save", args=[query.pk])
    as_user(editor).post(save, posted(query, target=dump(PAID)))
    assert queries.stored(query_now(query)).table == PAID
    page = as_user(editor).get(reverse("exports:query", args=[query.pk])).content.decode()
    assert "Run and write into shop_jp.paid" in page
    as_user(editor).post(save, posted(query_now(query), target=""))
    assert queries.stored(query_now(query)).table is None


def query_now(query):
    query.refresh_from_db()
    return query


@pytest.mark.parametrize("table", [{}, [], "x", {"database": "a", "table": 1, "mode": "append"}, {"database": "a"}])
def test_a_table_that_makes_no_sense_is_refused(as_user, editor, table):
    answer = as_user(editor).post(reverse("exports:query_create"), posted(target=json.dumps({"table": table})))
    assert "Export Results: " in html.unescape(answer.content.decode())


def test_a_run_from_the_editor_writes_the_table(as_user, editor):
    as_user(editor).post(reverse("exports:query_run_new"), posted(target=dump(PAID)))
    assert Job.objects.get().into == {"database": "shop_jp", "table": "paid", "mode": "replace"}


def test_lists_and_pages_name_the_table(as_user, editor):
    query = a_query(editor)
    query.into = {"database": "shop_jp", "table": "paid", "mode": "append"}
    query.save()
    job = a_job(exports=False, into=query.into, into_rows=1200, result_rows=1200)
    for path, says in [
        (reverse("exports:queries"), "shop_jp.paid"),
        (f"{reverse('exports:queries')}?q=PAID", "shop_jp.paid"),
        (reverse("exports:jobs"), "shop_jp.paid"),
        (reverse("exports:jobs"), "1,200 rows written"),
        (reverse("exports:job", args=[job.pk]), "Its result is appended to table shop_jp.paid: 1,200 rows written."),
    ]:
        assert says in as_user(editor).get(path).content.decode()


def test_the_history_tells_a_change_of_the_table(as_user, editor):
    query = a_query(editor)
    as_user(editor).post(reverse("exports:query_save", args=[query.pk]), posted(query, target=dump(PAID)))
    page = as_user(editor).get(reverse("exports:query_version", args=[query.pk, 2])).content.decode()
    assert "replaces table shop_jp.paid" in page


# --- what was given with a result -------------------------------------------------------------------------------


def text_of(query):
    return posted(query)["target"]


def test_the_panel_says_what_was_given_through_the_api(post, given):
    status, text = post("panel", target=text_of(given))
    assert status == 200
    assert "Given with a result" in text
    assert "tag_77" in text
    assert result_targets.MASK in text
    assert "Keep as an authentication" in text
    assert TOKEN not in text


def test_viewers_see_it_too_and_cannot_keep_it(post, given, viewer):
    _, text = post("panel", viewer, target=text_of(given))
    assert "tag_77" in text
    assert "Each field takes the column of its name." in text
    assert "Keep as an authentication" not in text
    assert post("keep", viewer)[0] == 403


def test_a_mapping_by_names_is_shown_as_the_fields_that_have_a_column(post, given):
    _, text = post("panel", target=text_of(given))
    assert '<option value="c:phone" selected>phone</option>' in text


def test_another_query_cannot_choose_it(post, given):
    line("line_prod")
    _, text = post("panel")
    assert "line_prod" in text
    assert given.export_target.authentication.name not in text


def test_another_authentication_takes_its_place(post, given):
    other = line("line_prod")
    _, text = post("check", authentication=other.pk, choice="existing", target=text_of(given))
    assert "Given with a result" not in text


def keep(post, query, name):
    return post(
        "keep", target=text_of(query), authentication=query.export_target.authentication_id, **{"keep-name": name}
    )


def test_it_is_kept_as_an_authentication_and_the_query_goes_on_with_it(post, given):
    status, text = keep(post, given, "line_from_api")
    assert status == 200
    assert "line_from_api" in text
    assert "Given with a result" not in text
    one = ExportTarget.objects.get().authentication
    assert (one.name, one.inline, one.open_secrets()) == ("line_from_api", False, {"access_token": TOKEN})
    assert AuditEntry.objects.filter(action="authentication.keep").count() == 1


def test_a_name_that_is_taken_is_told(post, given):
    line("line_prod")
    status, text = keep(post, given, "line_prod")
    assert (status, "This name is taken." in text) == (422, True)
    assert Authentication.objects.filter(inline=True).exists()


def test_the_query_stays_as_it_is_when_it_is_saved(as_user, editor, given):
    as_user(editor).post(reverse("exports:query_save", args=[given.pk]), posted(given, name="renamed"))
    found = queries.stored(query_now(given))
    assert (found.name, found.target.mapping, found.target.authentication.inline) == ("renamed", {}, True)


def test_the_page_of_its_job_names_it_and_hides_the_token(as_user, editor, given):
    job = queries.run(queries.stored(given), query=given, user=editor)
    text = as_user(editor).get(reverse("exports:job", args=[job.pk])).content.decode()
    assert "LINE Tag ID tag_77, given with a result" in text
    assert "Each field takes the column of its name." in text
    assert TOKEN not in text
