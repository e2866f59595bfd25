"""Fixtures shared by all tests: people, and a client signed in as one of them."""

import pytest
from django.db import connections, transaction
from django.test import Client, TransactionTestCase

from accounts.models import Role, User
from tests.sources import fake_trino, postgresql  # noqa: F401

PASSWORD = "correct horse battery"
UNCHANGING = {"django_content_type", "auth_permission"}  # what the set-up of a database fills, and no test changes


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """SQLite in a file, with WAL as in use: threads cannot share a database in memory without tripping each other."""
    from django.conf import settings

    default = settings.DATABASES["default"]
    if default["ENGINE"] == "django.db.backends.sqlite3":
        default.setdefault("TEST", {})["NAME"] = str(settings.DATA_DIR / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def quick_emptying():
    """What a test committed goes by DELETE: Django's own way, TRUNCATE and filling anew, takes ten times as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield


def empty_tables(case):
    for name in case._databases_names(include_mirrors=False):
        connection = connections[name]
        tables = [
            connection.ops.quote_name(table)
            for table in connection.introspection.django_table_names()
            if table not in UNCHANGING
        ]
        statements = [f"DELETE FROM {table}" for table in tables]
        if connection.vendor == "postgresql":  # wait for whoever still writes, as SQLite does
            statements = [f"LOCK TABLE {', '.join(tables)}; {'; '.join(statements)}"]
        with transaction.atomic(name), connection.cursor() as cursor:  # keys are checked at its end
            for statement in statements:
                cursor.execute(statement)


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items):
    """Mark what PostgreSQL is asked too: all tests with a database but those of pages (see pyproject.toml).

    A page's test that one database could answer otherwise (order, search, sums, limits) bears `database` itself.
    """
    for item in items:
        used, django = set(item.fixturenames), item.get_closest_marker("django_db")
        own = item.get_closest_marker("database") or item.get_closest_marker("page")
        if own or not (django or {"db", "transactional_db", "live_server"} & used):
            continue
        commits = "transactional_db" in used or (django and django.kwargs.get("transaction"))
        item.add_marker("page" if "as_user" in used and not commits else "database")


@pytest.fixture(autouse=True)
def plain_static_files(settings):
    """Pages name static files as they are: nothing is collected for a test."""
    storages = {**settings.STORAGES}
    storages["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = storages
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def no_revision_remembered():
    """The next test's revisions of workflows may have the same numbers."""
    from workflows import contents

    for remembered in (contents._files, contents._texts, contents.workflow, contents.config):
        remembered.cache_clear()


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
