"""The Export Results panel by HTTP: both flows, what is refused, who may do what."""

import html
import json
import re
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from exports import targets
from integrations.models import Authentication
from warehouse.models import Database, Table, TableFile

pytestmark = pytest.mark.django_db

TOKEN = "a-token-that-nobody-may-see"
COLUMNS = ("deduplication_key", "event_type", "source_type", "event_timestamp", "tel", "email")
TYPES = {"event_timestamp": pa.int64()}
RIGHT = {
    "f-deduplication_key": "c:deduplication_key",
    "f-event_type": "c:event_type",
    "f-source_type": "constant",
    "v-source_type": " web ",
    "f-event_timestamp": "c:event_timestamp",
    "f-phone": "c:tel",
    "delivery": "1",
    "s-ignore_invalid_records": "on",
    "s-max_records": "2000",
}
NEW = {
    "type": "line_conversion",
    "new-name": "line_capi_new",
    "new-line_tag_id": "tag_2",
    "new-access_token": TOKEN,
    "new-line_channel_id": "",
    "new-max_retry": "8",
    "new-initial_retry_wait": "15",
    "new-max_retry_wait": "3600",
    "new-connection_timeout": "300",
}


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    """A DATA_DIR with ten orders of the last minutes; three phone numbers have no country code."""
    folder = tmp_path_factory.mktemp("data")
    now = int(time.time())
    rows = [("conversion", "web", now - n, f"0801234567{n}" if n < 3 else f"+81801234567{n}", None) for n in range(10)]
    columns = zip(*[(f"k{n}", *row) for n, row in enumerate(rows)], strict=True)
    (folder / "tables").mkdir()
    schema = pa.schema([(name, TYPES.get(name, pa.string())) for name in COLUMNS])
    table = pa.table([pa.array(v, field.type) for v, field in zip(columns, schema, strict=True)], schema=schema)
    pq.write_table(table, folder / "tables" / "orders.parquet")
    return folder


@pytest.fixture(autouse=True)
def data_dir(settings, orders):
    settings.DATA_DIR = orders


@pytest.fixture
def line():
    made = Authentication(name="line_capi_output_test", connector_key="line_conversion")
    made.settings = {"line_tag_id": "tag_1"}
    made.set_secrets({"access_token": TOKEN}, at=None)
    made.save()
    return made


@pytest.fixture
def shop(orders):
    database = Database.objects.create(name="shop")
    columns = [[name, "BIGINT" if name in TYPES else "VARCHAR"] for name in COLUMNS]
    table = Table.objects.create(database=database, name="orders", columns=columns)
    size = (orders / "tables" / "orders.parquet").stat().st_size
    TableFile.objects.create(table=table, path="orders.parquet", rows=10, bytes=size)
    return database


@pytest.fixture
def post(as_user, editor, shop):
    """`post("done", **values)` → the panel's answer to an editor, with the query over the orders."""
    client = as_user(editor)

    def send(step="panel", *, sql="SELECT * FROM orders", by=None, **values):
        query = {"database": shop.pk, "time_zone": "UTC", "engine": "duckdb", "sql": sql, "target": ""}
        sender = as_user(by) if by else client
        return sender.post(reverse(f"exports:target_{step}"), query | values, headers={"hx-request": "true"})

    return send


def text(response):
    """What the panel says, as one line without tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def new_target(response):
    """The JSON that goes to #target out of band; None if the answer leaves it alone."""
    found = re.search(r'id="target" value="([^"]*)"[^>]*hx-swap-oob="true"', response.content.decode())
    return html.unescape(found[1]) if found else None


def chosen(response, field):
    """The option that is selected for a field."""
    select = re.search(rf'<select id="m-{field}".*?</select>', response.content.decode(), re.S)[0]
    found = re.search(r'<option value="([^"]*)" selected', select)
    return found[1] if found else ""


# --- existing integration ----------------------------------------------------------------------------------------


def test_it_opens_with_the_first_choice(post, line):
    said = text(post())
    assert "Use Existing Integration" in said and "Create New Integration" in said
    assert "line_capi_output_test, LINE Conversion API" in said and "Column mapping" not in said


def test_an_authentication_opens_the_form_with_its_defaults(post, line):
    page = post("check", authentication=line.pk).content.decode()
    assert re.search(r'name="s-ignore_invalid_records"[^>]* checked', page)
    assert re.search(r'name="s-max_records" value="1000"', page)
    assert page.index("Ignore Invalid Records") < page.index("Batch Size") < page.index("Column mapping")


def test_columns_are_preset_and_a_close_name_is_one_click_away(post, line):
    answer = post("check", authentication=line.pk)
    assert chosen(answer, "email") == "c:email"
    assert 'data-use="c:tel" data-for="m-phone"' in answer.content.decode()


def test_the_sample_is_checked(post, line):
    said = text(post("check", authentication=line.pk, **RIGHT))
    assert "Checked against all 10 rows of the query" in said
    assert "3 of 10: must be a phone number with its country code, like +818012345678" in said
    assert "7 of 10 rows of the sample would be sent; 3 would be skipped." in said
    assert "4 of 4 required fields mapped" in said


def test_no_value_of_the_sample_is_shown_in_full(post, line):
    assert "8012345" not in text(post("check", authentication=line.pk, **RIGHT)).replace("+818012345678", "")


def test_done_gives_the_query_its_target(post, line):
    answer = post("done", authentication=line.pk, **RIGHT)
    target = targets.parse(new_target(answer))
    assert answer.status_code == 200
    assert target.authentication == line
    assert target.mapping["source_type"] == {"constant": "web"} and target.mapping["phone"] == {"column": "tel"}
    assert target.settings == {"ignore_invalid_records": True, "max_records": 2000, "keep_row_order": False}
    assert "The export is set. Save the query to keep it." in text(answer)


def test_the_panel_opens_with_what_done_gave(post, line):
    kept = new_target(post("done", authentication=line.pk, **RIGHT))
    page = post(target=kept)
    assert chosen(page, "phone") == "c:tel" and 'name="v-source_type" value="web"' in page.content.decode()
    assert 'name="s-max_records" value="2000"' in page.content.decode()


def test_ignore_invalid_records_can_be_switched_off(post, line):
    values = {name: value for name, value in RIGHT.items() if name != "s-ignore_invalid_records"}
    answer = post("done", authentication=line.pk, **values)
    assert targets.parse(new_target(answer)).settings["ignore_invalid_records"] is False


@pytest.mark.parametrize("size", ["999", "100001", "many"])
def test_done_refuses_a_batch_size_beside_the_field(post, line, size):
    answer = post("done", authentication=line.pk, **RIGHT | {"s-max_records": size})
    field = re.search(r'name="s-max_records".*?</ul>', answer.content.decode(), re.S)[0]
    assert answer.status_code == 422 and new_target(answer) is None
    assert f'value="{size}"' in field and 'aria-invalid="true"' in field and "1,000 to 100,000" in field


def test_done_refuses_a_required_field_without_a_source_and_loses_nothing(post, line):
    values = RIGHT | {"f-event_type": "", "show": "mapped"}
    answer = post("done", authentication=line.pk, **values)
    row = re.search(r'id="r-event_type".*?</tr>', answer.content.decode(), re.S)[0]
    assert answer.status_code == 422 and new_target(answer) is None
    assert 'aria-invalid="true"' in row and "is required: map a column or set a constant" in row
    assert chosen(answer, "phone") == "c:tel"
    assert re.search(r'value="all" checked', answer.content.decode())


def test_done_refuses_a_column_that_the_query_no_longer_has(post, line):
    answer = post("done", authentication=line.pk, **RIGHT | {"f-phone": "c:telephone"})
    assert answer.status_code == 422
    assert "telephone (not in the result)" in text(answer)
    assert "the query’s result has no column “telephone”" in text(answer)


def test_done_without_an_integration_is_refused(post, line):
    answer = post("done", **RIGHT)
    assert answer.status_code == 422 and "Select an integration." in text(answer)


def test_invalid_rows_do_not_keep_anybody_from_done(post, line):
    assert post("done", authentication=line.pk, **RIGHT).status_code == 200


def test_match_by_name_maps_what_was_left_out(post, line):
    answer = post("check", authentication=line.pk, match="1", **RIGHT | {"f-email": "", "f-event_type": ""})
    assert (chosen(answer, "email"), chosen(answer, "event_type")) == ("c:email", "c:event_type")
    assert (chosen(answer, "phone"), chosen(answer, "source_type")) == ("c:tel", "constant")


def test_remove_export_empties_the_target(post, line):
    kept = new_target(post("done", authentication=line.pk, **RIGHT))
    answer = post("remove", target=kept)
    assert new_target(answer) == ""
    assert "Remove export" not in text(answer)


def test_authentications_are_found_by_a_part_of_their_name(post, line):
    for n in range(8):
        Authentication.objects.create(name=f"other_{n}", connector_key="line_conversion")
    said = text(post("check", find="CAPI"))
    assert "line_capi_output_test" in said and "other_1" not in said


def test_a_target_whose_authentication_is_gone_keeps_its_mapping(post, line):
    kept = new_target(post("done", authentication=line.pk, **RIGHT))
    line.delete()
    answer = post(target=kept)
    assert "The authentication of this export no longer exists. Choose another one." in text(answer)
    assert 'name="f-phone" value="c:tel"' in answer.content.decode()


# --- new integration ---------------------------------------------------------------------------------------------


def test_the_new_integration_asks_in_the_order_of_the_product_document(post):
    said = text(post("check", choice="new"))
    wanted = [
        "Type",
        "Name of the new integration",
        "LINE Tag ID",
        "Access Token",
        "LINE Channel ID",
        "Maximum Retry",
        "Seconds to Wait For First Retry",
        "Seconds for Max Retry Wait",
        "Seconds for Connection Timeout",
        "Next",
    ]
    places = [said.index(label) for label in wanted]
    assert places == sorted(places)


def test_next_creates_the_integration_and_goes_on_with_it(post, editor):
    answer = post("create", **NEW)
    made = Authentication.objects.get(name="line_capi_new")
    assert made.all_settings()["access_token"] == TOKEN and made.created_by == editor
    assert f'<option value="{made.pk}" selected>' in answer.content.decode()
    assert "The integration line_capi_new is created." in text(answer) and "Column mapping" in text(answer)


def test_a_created_integration_is_in_the_audit_trail_without_its_token(post, editor):
    post("create", **NEW)
    entry = AuditEntry.objects.get(action="authentication.create")
    assert (entry.user, entry.target_name) == (editor, "line_capi_new")
    assert TOKEN not in json.dumps(entry.details)


def test_no_answer_holds_the_token(post, line):
    answers = [
        post("create", **NEW | {"new-name": ""}),
        post("create", **NEW),
        post("check", authentication=line.pk, choice="new", **NEW),
        post("done", authentication=line.pk, **RIGHT),
    ]
    assert not [a for a in answers if TOKEN in a.content.decode()]


def test_a_mistake_is_told_beside_its_field_and_the_token_need_not_be_typed_again(post):
    answer = post("create", **NEW | {"new-max_retry": "11"})
    assert answer.status_code == 422 and "Maximum Retry must be 1 to 10; 11 is not." in text(answer)
    draft = re.search(r'name="new-draft" value="([^"]+)"', answer.content.decode())[1]
    post("create", **NEW | {"new-access_token": "", "new-draft": draft})
    assert Authentication.objects.get().all_settings()["access_token"] == TOKEN


def test_a_name_that_is_taken_is_refused(post, line):
    answer = post("create", **NEW | {"new-name": line.name})
    assert answer.status_code == 422 and "This name is taken." in text(answer)


def test_what_was_mapped_before_survives_the_other_choice(post, line):
    answer = post("check", choice="new", authentication=line.pk, **RIGHT)
    carried = dict(re.findall(r'<input type="hidden" name="([fvs]-[^"]*)" value="([^"]*)"', answer.content.decode()))
    after = post("create", delivery="1", **NEW | carried)
    assert chosen(after, "phone") == "c:tel"
    assert 'name="s-max_records" value="2000"' in after.content.decode()


# --- what the query is -------------------------------------------------------------------------------------------


def test_an_error_in_the_query_is_shown_with_its_line(post, line):
    said = text(post("check", sql="SELECT *\nFROM nowhere", authentication=line.pk))
    assert "Line 2:" in said and "nowhere" in said


def test_a_target_can_be_kept_while_the_query_is_broken(post, line):
    answer = post("done", sql="SELECT", authentication=line.pk, **RIGHT)
    assert targets.parse(new_target(answer)).mapping["phone"] == {"column": "tel"}


def test_a_query_without_rows_is_mapped_by_its_columns(post, line):
    answer = post("check", sql="SELECT * FROM orders WHERE 1 = 0", authentication=line.pk)
    assert chosen(answer, "event_type") == "c:event_type"
    assert "The query gives no rows now" in text(answer) and "There are no sample rows to check." in text(answer)


def test_an_empty_editor_asks_for_a_query(post, line):
    assert "Write a query first" in text(post("check", sql=" ", authentication=line.pk))


def test_a_time_zone_that_does_not_exist_is_told(post, line):
    said = text(post("check", authentication=line.pk, time_zone="Mars/Olympus"))
    assert "There is no time zone “Mars/Olympus”." in said


def test_names_from_the_query_are_escaped(post, line):
    answer = post("check", sql='SELECT 1 AS "<script>alert(1)</script>"', authentication=line.pk)
    assert "<script>" not in answer.content.decode()


# --- who may -----------------------------------------------------------------------------------------------------


def test_a_viewer_sees_the_export_but_neither_data_nor_controls(post, line, viewer):
    kept = new_target(post("done", authentication=line.pk, **RIGHT))
    page = post(by=viewer, target=kept).content.decode()
    assert "line_capi_output_test" in page and "tel" in page
    assert not re.search(r"<(select|form|input)", page) and "of 10" not in page and "•" not in page


@pytest.mark.parametrize("step", ["check", "create", "done", "remove"])
def test_a_viewer_changes_nothing(post, line, viewer, step):
    assert post(step, by=viewer, authentication=line.pk, **RIGHT, **NEW).status_code == 403
    assert Authentication.objects.get() == line


@pytest.mark.parametrize("step", ["panel", "check", "create", "done", "remove"])
def test_a_stranger_is_sent_to_sign_in(client, step):
    assert client.post(reverse(f"exports:target_{step}")).status_code == 302
