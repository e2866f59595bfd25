"""Fixtures shared by all tests: people, and a client signed in as one of them."""

import pytest
from django.test import Client

from accounts.models import Role, User
from tests.sources import fake_trino, postgresql  # noqa: F401

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """SQLite in a file, with WAL as in use: threads cannot share a database in memory without tripping each other."""
    from django.conf import settings

    default = settings.DATABASES["default"]
    if default["ENGINE"] == "django.db.backends.sqlite3":
        default.setdefault("TEST", {})["NAME"] = str(settings.DATA_DIR / "test.sqlite3")


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("django_db") or {"db", "transactional_db", "live_server"} & set(item.fixturenames):
            item.add_marker("database")


@pytest.fixture(autouse=True)
def plain_static_files(settings):
    """Pages name static files as they are: nothing is collected for a test."""
    storages = {**settings.STORAGES}
    storages["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = storages
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def person(name, role):
    return User.objects.create_user(name, f"{name}@example.com", PASSWORD, role=role)


@pytest.fixture
def viewer(db):
    return person("viewer", Role.VIEWER)


@pytest.fixture
def editor(db):
    return person("editor", Role.EDITOR)


@pytest.fixture
def admin(db):
    return person("admin", Role.ADMIN)


@pytest.fixture
def as_user():
    """`as_user(editor)` → a client signed in as that person."""

    def sign_in(user):
        client = Client()
        client.force_login(user)
        return client

    return sign_in
