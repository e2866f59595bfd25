"""Forms are computed from the connector's settings: label, hint, limits, default and errors."""

import pytest
from django import forms

from integrations.connectors.line_conversion import CONNECTOR
from integrations.forms import NameForm, SettingsForm
from integrations.models import Authentication
from integrations.spec import Setting
from tests.integrations.conftest import TAG, TOKEN

ASKED = CONNECTOR.settings_of("credentials", "advanced")
NUMBERS = [s for s in CONNECTOR.settings if s.kind == "integer"]
GOOD = {"line_tag_id": TAG, "access_token": TOKEN}


def test_it_asks_for_the_settings_in_their_order_and_by_their_labels():
    form = SettingsForm(ASKED)
    assert [bound.label for bound in form] == [s.label for s in ASKED]
    assert [b.name for b in form.credentials] == ["line_tag_id", "access_token", "line_channel_id"]


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda s: s.name)
def test_limits_and_default_stand_beside_a_number(setting):
    field = SettingsForm([setting]).fields[setting.name]
    assert f"{setting.minimum:,} to {setting.maximum:,}." in field.help_text
    assert f"Default: {setting.default:,}." in field.help_text


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda s: s.name)
def test_a_number_out_of_its_range_is_refused_beside_its_field(setting):
    for value in (setting.minimum - 1, setting.maximum + 1, "1.5", "many"):
        form = SettingsForm([setting], {setting.name: value})
        assert setting.limits in form.errors[setting.name][0]


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda s: s.name)
def test_both_ends_of_a_range_are_allowed_and_blank_is_the_default(setting):
    for given, expected in ((setting.minimum,) * 2, (setting.maximum,) * 2, ("", setting.default)):
        form = SettingsForm([setting], {setting.name: given})
        assert form.is_valid() and form.values() == {setting.name: expected}


def test_what_is_required_must_be_given():
    form = SettingsForm(ASKED, {})
    assert set(form.errors) == {"line_tag_id", "access_token"}


def test_text_is_trimmed():
    form = SettingsForm(ASKED, {"line_tag_id": f" {TAG} ", "access_token": f"{TOKEN}\n"})
    assert form.is_valid() and form.values()["access_token"] == TOKEN and form.values()["line_tag_id"] == TAG


def test_a_secret_is_never_rendered_whether_saved_or_just_entered():
    form = SettingsForm(ASKED, {**GOOD, "max_retry": "99"}, values=GOOD)
    assert not form.is_valid()
    assert TOKEN not in str(form) and TAG in str(form)


def test_a_kept_secret_may_be_left_blank_and_says_so():
    form = SettingsForm(ASKED, {"line_tag_id": TAG}, kept={"access_token": "Set on 2026-11-23; leave blank to keep"})
    assert form.is_valid() and "access_token" not in form.values()
    assert "Set on 2026-11-23; leave blank to keep" in form["access_token"].as_field_group()


def test_a_field_that_is_neither_required_nor_kept_is_optional():
    assert "Optional" in SettingsForm(ASKED)["line_channel_id"].as_field_group()


def test_advanced_settings_open_when_there_is_something_to_see():
    assert not SettingsForm(ASKED).advanced_open
    assert SettingsForm(ASKED, values={"max_retry": 3}).advanced_open
    assert SettingsForm(ASKED, {**GOOD, "max_retry": "99"}).advanced_open


def test_a_switch_is_a_checkbox_and_off_when_it_is_not_sent():
    form = SettingsForm(CONNECTOR.settings_of("export"), {"max_records": ""})
    assert isinstance(form.fields["ignore_invalid_records"].widget, forms.CheckboxInput)
    assert form.is_valid() and form.values() == {
        "ignore_invalid_records": False,
        "max_records": 1000,
        "keep_row_order": False,
    }


def test_help_of_a_connector_is_text_not_html():
    form = SettingsForm([Setting("a", "A", "text", "credentials", help="<b>bold</b>")])
    assert "&lt;b&gt;bold" in form["a"].as_field_group()


def test_a_name_is_trimmed_and_has_1_to_255_characters(db):
    for name, ok in ((" x ", True), ("n" * 255, True), ("n" * 256, False), ("  ", False)):
        assert NameForm({"name": name}).is_valid() is ok


def test_a_taken_name_is_refused_also_with_space_around_it(saved):
    assert NameForm({"name": f" {saved.name} "}).errors["name"] == ["This name is taken."]


def test_its_own_name_is_not_taken(saved):
    assert NameForm({"name": saved.name}, instance=Authentication.objects.get(pk=saved.pk)).is_valid()
