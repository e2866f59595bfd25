"""Secrets are kept encrypted; rotating the keys reaches every encrypted column there is."""

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from integrations import secrets
from integrations.models import Authentication
from integrations.rotation import encrypted_columns
from tests.integrations.conftest import TOKEN

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_what_is_encrypted_comes_back_and_cannot_be_read_as_it_lies():
    text = secrets.encrypt({"access_token": TOKEN})
    assert TOKEN not in text
    assert secrets.decrypt(text) == {"access_token": TOKEN}


def test_nothing_encrypted_is_an_empty_dict():
    assert secrets.decrypt("") == {}


def test_an_unknown_key_opens_nothing(settings):
    text = secrets.encrypt({"access_token": TOKEN})
    settings.CREDENTIAL_KEYS = [NEW]
    with pytest.raises(secrets.SecretUnreadable):
        secrets.decrypt(text)


def test_it_can_grow_too_old():
    with time_machine.travel("2026-11-23 10:00"):
        text = secrets.encrypt({"a": 1})
    with time_machine.travel("2026-11-23 10:59"):
        assert secrets.decrypt(text, max_age=3600) == {"a": 1}
    with time_machine.travel("2026-11-23 11:01"), pytest.raises(secrets.SecretUnreadable):
        secrets.decrypt(text, max_age=3600)


def test_a_malformed_key_is_named_by_its_place_and_not_printed(settings):
    settings.CREDENTIAL_KEYS = [OLD, "not-a-key"]
    with pytest.raises(ImproperlyConfigured, match="Key 2 of CREDENTIAL_KEYS") as caught:
        secrets.encrypt({})
    assert "not-a-key" not in str(caught.value)


def test_the_column_of_authentications_is_declared():
    assert (Authentication, "encrypted") in list(encrypted_columns())


def test_rotation_makes_the_old_key_needless(settings, saved, capsys):
    settings.CREDENTIAL_KEYS = [OLD]
    save_secret(saved)
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    call_command("rotate_credentials")
    settings.CREDENTIAL_KEYS = [NEW]
    saved.refresh_from_db()
    assert saved.open_secrets() == {"access_token": TOKEN}
    assert "1 secret is encrypted with the first key now." in capsys.readouterr().out


def test_rotation_names_rows_it_cannot_read_leaves_them_and_does_the_rest(settings, saved):
    settings.CREDENTIAL_KEYS = [OLD]
    lost = Authentication(name="lost", connector_key="line_conversion")
    save_secret(lost)
    settings.CREDENTIAL_KEYS = [NEW]
    save_secret(saved)
    before = lost.encrypted
    with pytest.raises(CommandError, match=rf"authentication {lost.pk} \(encrypted\)") as caught:
        call_command("rotate_credentials")
    lost.refresh_from_db()
    assert lost.encrypted == before
    assert f"authentication {saved.pk}" not in str(caught.value) and caught.value.returncode == 1


def test_rotation_does_not_overwrite_a_secret_that_changes_meanwhile(settings, saved, monkeypatch):
    rotate = secrets.rotate

    def rotate_while_someone_saves(text):
        monkeypatch.setattr(secrets, "rotate", rotate)
        save_secret(saved, "newer-token")
        return rotate(text)

    monkeypatch.setattr(secrets, "rotate", rotate_while_someone_saves)
    call_command("rotate_credentials")
    saved.refresh_from_db()
    assert saved.open_secrets() == {"access_token": "newer-token"}


def test_rotation_passes_over_rows_without_a_secret(settings, db, capsys):
    Authentication.objects.create(name="bare", connector_key="line_conversion")
    call_command("rotate_credentials")
    assert "0 secrets are encrypted" in capsys.readouterr().out


def test_a_secret_does_not_show_in_the_model_s_text(saved):
    assert TOKEN not in f"{saved!r} {saved} {vars(saved)}"


def save_secret(authentication, token=TOKEN):
    authentication.encrypted = secrets.encrypt({"access_token": token})
    authentication.save()
