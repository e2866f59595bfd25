"""The main job, as a newcomer does it: by the product's labels, in a real browser, with real processes."""

import os
import re
import subprocess
import sys
import time

import pytest
import requests
from playwright.sync_api import expect

from linecapi_site import processes, sample_shop
from tests.browser.conftest import CHROMIUM, QUIET, REPORT_BREACHES, watch

pytestmark = pytest.mark.flow

PASSWORD = "correct horse battery"
QUERY = (
    "select referrer, ip_address, title, user_agent, url, deduplication_key, event_type, event_name, source_type, "
    "event_timestamp, browser_id, click_id, phone, ifa, external_id, line_uid, email from line_capi_tbl"
)
SECOND_EXAMPLE = (
    "SELECT 'elizabetho@fb.com' as email, 'Purchase' as event_name, 1598531676 as event_timestamp, "
    "'dedup_key_123' as deduplication_key"
)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": QUIET}


@pytest.fixture(scope="module")
def sample():
    return sample_shop.build(now=int(time.time()), rows=3_200)


@pytest.fixture(scope="module")
def console(tmp_path_factory, sample):
    """(URL of the console, URL of the sandbox), each in a process of its own, with the cluster, over a new folder."""
    folder = tmp_path_factory.mktemp("console")
    web, line = processes.free_port(), processes.free_port()
    environment = {
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "LINE_CONVERSION_API_URL": f"http://127.0.0.1:{line}",
    }
    sample_shop.write(sample.table, folder / "events.parquet")

    def manage(*arguments):
        command = processes.manage(*arguments)
        subprocess.run(command, env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)

    manage("migrate")
    os.environ["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    manage("createsuperuser", "--noinput", "--username", "newcomer", "--email", "newcomer@example.com")
    manage("load_table", "shop_jp", "line_capi_tbl", str(folder / "events.parquet"))
    with processes.running() as children:
        sandbox = [sys.executable, "-m", "integrations.connectors.line_conversion.sandbox"]
        children.start("sandbox", [*sandbox, "--port", str(line), "--tag", "tag-1=token-1"])
        children.start("web", processes.web(web), **environment)
        children.start("cluster", processes.manage("qcluster"), **environment)
        children.wait(lambda: processes.answers(web) and processes.answers(line), 60, "starting")
        yield f"http://127.0.0.1:{web}", f"http://127.0.0.1:{line}"


@pytest.fixture(scope="module")
def signed_in(browser, console):
    """A page of one newcomer who signs in once and then goes on from step to step."""
    context = browser.new_context(base_url=console[0], viewport={"width": 1440, "height": 900})
    context.add_init_script(REPORT_BREACHES)
    page = context.new_page()
    troubles = []
    watch(page, console[0], troubles)
    page.goto("/")
    page.get_by_label("Username").fill("newcomer")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Queries", exact=True)).to_be_visible()
    yield page
    context.close()
    refusals_shown_in_place = "status of 422"
    assert not [t for t in troubles if refusals_shown_in_place not in t]


def create_authentication(page, name, token):
    page.get_by_role("link", name="Catalog").first.click()
    page.get_by_label("Search connectors").fill("LINE")
    page.get_by_role("link", name="Create Authentication LINE Conversion API").click()
    page.get_by_label("LINE Tag ID").fill("tag-1")
    page.get_by_label("Access Token").fill(token)
    page.get_by_label("LINE Channel ID").fill("1234567890")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


def write_query(page, name, sql):
    page.goto("/queries/new")
    page.get_by_label("Query name").fill(name)
    page.get_by_label("Database").select_option(label="shop_jp")
    page.get_by_role("textbox", name="SQL query").click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")  # text that was run without being saved waits here
    page.keyboard.insert_text(sql)
    page.keyboard.press("Escape")  # suggestions


def export_to(page, integration):
    page.get_by_role("button", name="Export Results").click()
    page.get_by_role("radio", name="Use Existing Integration").check(force=True)
    choice = f"{integration}, LINE Conversion API"
    page.get_by_label("Authentication", exact=True).select_option(label=choice)
    expect(page.get_by_role("heading", name="Column mapping")).to_be_visible(timeout=20_000)


def run(page):
    """Run what is in the editor → the job's page, once the job has ended."""
    page.get_by_role("button", name=re.compile("^Run")).click()
    page.wait_for_url(re.compile(r"/jobs/\d+"))
    expect(page.locator("main .page-head .chip").first).to_have_text(re.compile("Success|Error|Killed"), timeout=60_000)


def test_sample_events_go_from_a_table_to_line(signed_in, console, sample):
    page = signed_in
    create_authentication(page, "line_capi_output_test", "token-1")
    write_query(page, "daily_events", QUERY)
    export_to(page, "line_capi_output_test")
    expect(page.get_by_text("4 of 4 required fields mapped")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("The export is set.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(re.compile("version 1"))).to_be_visible()
    run(page)
    expect(page.locator("main .page-head .chip").first).to_have_text("Success with rejects")
    for end, count in {"Rows read": 3200, "Invalid": 64, "Accepted": 3136, "Refused": 0, "Unknown": 0}.items():
        header = page.get_by_role("rowheader", name=re.compile(f"^{end}"))
        expect(page.get_by_role("row").filter(has=header)).to_contain_text(f"{count:,}")
    assert sample.expected["invalid"] == 64
    assert requests.get(f"{console[1]}/_sandbox/stats", timeout=10).json()["accepted"] == 3136


def test_the_invalid_rows_come_with_their_reasons(signed_in):
    page = signed_in
    with page.expect_download() as waiting:
        page.get_by_role("link", name=re.compile("invalid rows", re.IGNORECASE)).first.click()
    text = waiting.value.path().read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) > 64
    assert "must be a phone number with its country code" in text


def test_a_wrong_token_ends_the_job_at_once_and_says_what_to_do(signed_in):
    page = signed_in
    create_authentication(page, "line_wrong_token", "token-2")
    write_query(page, "wrong_token", QUERY)
    export_to(page, "line_wrong_token")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("The export is set.")).to_be_visible()
    run(page)
    expect(page.get_by_role("alert")).to_contain_text("LINE refused the access token (401)")
    expect(page.get_by_role("alert")).to_contain_text("Paste a new token")


def test_the_second_example_query_is_told_exactly_what_is_wrong(signed_in):
    page = signed_in
    write_query(page, "second_example", SECOND_EXAMPLE)
    export_to(page, "line_capi_output_test")
    expect(page.get_by_text("2 of 4 required fields mapped")).to_be_visible(timeout=20_000)
    expect(page.locator("#s-event_timestamp")).to_contain_text("more than 90 days ago")
    page.get_by_role("button", name="Done").click()
    for field in ("event_type", "source_type"):
        expect(page.locator(f"#s-{field} .err")).to_be_visible()
