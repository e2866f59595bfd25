import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.audit import record
from accounts.models import AuditEntry, as_text, in_words
from accounts.trail import PAGE_SIZE, harmless, page

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def client(as_user, admin):
    return as_user(admin)


def entry(at=NOON, **fields):
    made = AuditEntry.objects.create(**{"user_name": "mika", "action": "query.update", "target_name": "q"} | fields)
    AuditEntry.objects.filter(pk=made.pk).update(at=at)
    return made


def many(count):
    made = AuditEntry.objects.bulk_create([AuditEntry(user_name="mika", action=f"query.{n}") for n in range(count)])
    for n, one in enumerate(made):  # three entries a second: the order within a second counts too
        one.at = NOON + timedelta(seconds=n // 3)
    AuditEntry.objects.bulk_update(made, ["at"])
    return [one.pk for one in reversed(made)]


def keys(shown):
    return [one.pk for one in shown.entries]


def rows(response):
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))


class TestPages:
    def test_they_hold_every_entry_once_and_in_order_downwards(self):
        expected, seen, before = many(120), [], ""
        while before is not None:
            shown = page(AuditEntry.objects.all(), before=str(before))
            seen, before = seen + keys(shown), shown.older
        assert seen == expected

    def test_newer_leads_back_by_the_same_pages(self):
        expected = many(150)
        last = page(AuditEntry.objects.all(), before=str(expected[99]))
        middle = page(AuditEntry.objects.all(), after=str(last.newer))
        assert keys(middle) == expected[50:100] and middle.newer and middle.older
        first = page(AuditEntry.objects.all(), after=str(middle.newer))
        assert keys(first) == expected[:50] and first.newer is None

    def test_a_full_last_page_leads_nowhere(self):
        many(PAGE_SIZE)
        assert page(AuditEntry.objects.all()).older is None

    @pytest.mark.parametrize("key", ["x", "-1", "999999", "٣", "9" * 40])
    def test_a_key_of_nothing_gives_the_newest_page(self, key):
        expected = many(3)
        assert keys(page(AuditEntry.objects.all(), before=key, after=key)) == expected

    @pytest.mark.parametrize("asked", [{}, {"user": "1"}, {"action": "query.update"}])
    def test_the_database_reads_one_page_off_an_index_and_sorts_nothing(self, asked):
        middle = entry()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(AuditEntry.objects.filter(**asked), before=str(middle.pk))
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {queries[-1]['sql']}")
                plan = " ".join(str(step[-1]) for step in cursor.fetchall())
            assert "USING INDEX audit_by" in plan and "TEMP B-TREE" not in plan


class TestPage:
    def test_it_asks_as_many_questions_for_fifty_entries_as_for_one(self, client, django_assert_num_queries):
        with django_assert_num_queries(6):  # session, user, jobs in the navigation, people, actions, entries
            client.get("/audit")
        newest = many(60)[0]
        with django_assert_num_queries(7):  # and the entry to go on from
            client.get(f"/audit?before={newest}")

    def test_it_shows_who_did_what_in_words(self, client, viewer):
        record("user.update", viewer, role={"from": "Viewer", "to": "Editor"}, changed=["name"])
        content = client.get("/audit").content.decode()
        assert "User: update" in content and "Viewer → Editor" in content and "console" in content

    def test_it_escapes_what_people_typed(self, client):
        entry(target_name="<script>x</script>", details={"<b>": "<i>"})
        content = client.get("/audit").content.decode()
        assert "<script>x" not in content and "<b>" not in content and "<i>" not in content

    def test_older_and_newer_keep_the_filters(self, client):
        for _ in range(51):
            entry(action="query.update")
        content = client.get("/audit?action=query.update").content.decode()
        assert "?action=query.update&amp;before=" in content


@pytest.mark.database
class TestFilters:
    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"action": "job.stop"}, ["nightly"]),
            ({"target": "NIGHT"}, ["nightly"]),
            ({"user": "console"}, ["nightly"]),
            ({"user": "stranger"}, ["late"]),
            ({"since": "2026-03-02"}, ["late"]),
            ({"until": "2026-03-01"}, ["nightly", "early"]),
            ({"since": "2026-03-01", "until": "2026-03-01", "target": "early"}, ["early"]),
            ({"target": "nothing"}, []),
        ],
    )
    def test_they_find(self, client, asked, found):
        entry(datetime(2026, 3, 1, tzinfo=UTC), target_name="early")
        entry(
            datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC), target_name="nightly", action="job.stop", user_name="console"
        )
        entry(datetime(2026, 3, 2, tzinfo=UTC), target_name="late", user_name="")
        shown = client.get("/audit", {"until": "2026-03-03"} | asked).context["page"].entries
        assert [one.target_name for one in shown] == found

    def test_they_find_what_one_person_did(self, client, admin, viewer):
        record("query.update", user=viewer, name="theirs")
        shown = client.get("/audit", {"user": viewer.pk}).context["page"].entries
        assert [one.target_name for one in shown] == ["theirs"]

    def test_a_date_that_is_none_is_shown_as_such(self, client):
        assert b"Enter a valid date." in client.get("/audit?since=yesterday").content


class TestCsv:
    def test_it_holds_what_the_filters_find(self, client):
        entry(target_name="日次", details={"rows": 3}, ip_address="10.0.0.7")
        entry(action="job.stop")
        head, *found = rows(client.get("/audit.csv?action=query.update"))
        assert head[:3] == ["at", "user", "action"]
        assert found == [
            ["2026-03-01T12:00:00+00:00", "mika", "query.update", "", "", "日次", '{"rows": 3}', "10.0.0.7", ""]
        ]

    @pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "＝1"])
    def test_no_cell_starts_a_formula(self, client, formula):
        entry(target_name=formula, action="odd")
        assert rows(client.get("/audit.csv?action=odd"))[1][5] == f"'{formula}"

    def test_other_text_stays_as_it_is(self):
        assert harmless("daily = 3") == "daily = 3" and harmless("") == ""

    def test_the_download_is_an_entry_with_its_filters(self, client, admin):
        rows(client.get(f"/audit.csv?user={admin.pk}&since=2026-03-01"))
        last = AuditEntry.objects.get(action="audit.download")
        assert (last.user, last.details) == (admin, {"filters": {"user": "admin", "since": "2026-03-01"}})

    def test_a_wrong_filter_downloads_nothing(self, client):
        response = client.get("/audit.csv?since=yesterday")
        assert response["Location"] == "/audit?since=yesterday"

    def test_many_entries_are_not_asked_for_one_by_one(self, client):
        many(200)
        with CaptureQueriesContext(connection) as queries:
            assert len(rows(client.get("/audit.csv?target=&action="))) > 200
        assert len(queries) < 10


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "yes"),
        ({"from": "a", "to": None}, "a → –"),
        ({"rows": 3, "sent": False}, "rows 3, sent no"),
        (["a", "b"], "a, b"),
        ({"from": "a", "to": "b", "by": "c"}, "from a, to b, by c"),
    ],
)
def test_details_read_as_text(value, text):
    assert as_text(value) == text


def test_actions_read_as_words():
    assert [in_words(action) for action in ("user.set_password", "sign_out")] == ["User: set password", "Sign out"]
