"""A schedule in a browser: chosen, corrected while one types, saved with its query, seen in the list, paused."""

import pytest
from playwright.sync_api import expect

from exports import schedules
from exports.models import Query
from tests.browser.axe import assert_accessible
from tests.exports.queries import a_query, orders, shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def query(editor):
    orders(shop())
    return a_query(editor)


@pytest.fixture
def page(page_as, editor, query):
    page = page_as(editor)
    page.goto(f"/queries/{query.pk}")
    expect(page.locator("#editor .cm-content")).to_be_visible()
    return page


def choose_cron(page, line):
    page.click("#schedule")
    page.get_by_label("Custom cron...").check()
    page.get_by_label("Cron expression").fill(line)


def runs(page):
    return page.locator("#schedule-next li")


def test_a_schedule_from_the_first_wrong_line_to_a_pause(page, query):
    choose_cron(page, "0 6 32 * *")
    expect(page.locator("#id_schedule-cron_error")).to_have_text("day of month: 32 is not within 1–31.")
    expect(page.locator("#schedule-footer [role=status]")).to_contain_text("32 is not within 1–31")
    assert_accessible(page)
    page.get_by_label("Cron expression").fill("0 6 * * mon-fri")
    expect(runs(page)).to_have_count(5)
    expect(page.locator("#schedule-label")).to_have_text("0 6 * * mon-fri")
    expect(page.locator("#unsaved")).to_be_visible()
    page.click("text=Save query")
    expect(page.locator("#schedule-footer")).to_contain_text("Saved as version 2.")
    expect(page.locator("#unsaved")).to_be_hidden()
    page.click("nav >> text=Schedules")
    expect(page.locator(".load [role=img]")).to_be_visible()
    page.click("table >> text=purchases")
    page.click("#pause")
    expect(page.locator(".alert.warn")).to_contain_text("This schedule is disabled. Paused by editor.")
    assert not schedules.of(query).enabled


def test_what_save_refuses_is_shown_in_the_panel_and_nothing_is_lost(page, query, troubles):
    choose_cron(page, "61 * * * *")
    page.fill("#q-name", "renamed")
    page.click("#schedule-panel [aria-label='Close panel']")
    expect(page.locator("#schedule")).to_be_focused()
    page.click("#save")
    expect(page.locator("#qhead [role=alert]")).to_contain_text("Schedule: minute: 61 is not within 0–59.")
    expect(page.get_by_label("Cron expression")).to_be_focused()
    expect(page.locator("#q-name")).to_have_value("renamed")
    assert Query.objects.get().version == 1 and schedules.of(query) is None
    troubles[:] = [text for text in troubles if "status of 422" not in text]


def test_only_what_matters_for_the_choice_is_shown(page):
    page.click("#schedule")
    expect(page.get_by_label("Delay execution")).to_be_hidden()
    page.get_by_label("@daily (midnight)").check()
    expect(page.get_by_label("Delay execution")).to_be_visible()
    expect(page.get_by_label("Cron expression")).to_be_hidden()
    expect(runs(page).first).to_contain_text("00:00 JST")
    page.click("#export")
    expect(page.locator("#schedule-panel")).to_be_hidden()
    expect(page.locator("#inspector")).to_contain_text("Destination")


def test_the_time_zone_follows_the_query_until_there_is_a_schedule(page):
    zone = page.locator("#id_schedule-time_zone")
    page.select_option("#q-time_zone", "Europe/Paris")
    expect(zone).to_have_value("Europe/Paris")
    choose_cron(page, "0 6 * * *")
    page.select_option("#q-time_zone", "UTC")
    expect(zone).to_have_value("Europe/Paris")


def test_a_run_keeps_the_unsaved_schedule_for_the_way_back(page, query):
    choose_cron(page, "0 7 * * *")
    expect(runs(page)).to_have_count(5)
    page.click("#run")
    page.wait_for_url("**/jobs/*")
    page.click("#job-query")
    expect(page.locator("#unsaved")).to_be_visible()
    expect(page.locator("#schedule-label")).to_have_text("0 7 * * *")
    assert schedules.of(query) is None


def test_the_link_from_a_schedule_opens_its_panel(page_as, editor, query):
    page = page_as(editor, width=390)
    page.goto(f"/queries/{query.pk}#schedule")
    expect(page.locator("#schedule-panel")).to_be_visible()
    page.get_by_label("Back to query").last.click()
    expect(page.locator("#schedule")).to_be_focused()
