"""The System page says what holds on this machine, and does not make it look better than it is."""

import re
from types import SimpleNamespace

import duckdb
import pytest
from django.core import checks
from django.db import connection

from linecapi_site import system
from warehouse.engines import landlock, probe
from warehouse.engines.base import EngineUnavailable
from warehouse.engines.fence import InForce

STRONG = InForce(landlock=7, network=True, calls=True)


@pytest.fixture
def finds(monkeypatch):
    """What the probe finds, without starting a process."""

    def find(in_force):
        monkeypatch.setattr(probe, "in_force", lambda: in_force)

    find(STRONG)
    return find


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def test_it_is_for_admins(as_user, editor, finds):
    response = as_user(editor).get("/system")
    assert response.status_code == 403 and b"This needs the role admin." in response.content
    assert b'href="/system"' not in response.content


def test_it_is_in_the_navigation(as_user, admin, finds):
    assert b'href="/system" aria-current="page"' in as_user(admin).get("/system").content


def test_it_is_only_read(as_user, admin, finds):
    assert as_user(admin).post("/system").status_code == 405


def test_it_asks_a_real_process_what_is_in_force(as_user, admin):
    page = words(as_user(admin).get("/system"))
    assert (f"In force, version {landlock.abi()}" in page) == (landlock.abi() > 0)
    assert ("This kernel has no Landlock" in page) == (landlock.abi() == 0)


def test_it_says_which_process_looked(as_user, admin, finds, monkeypatch):
    monkeypatch.setattr("linecapi_site.views.socket.gethostname", lambda: "web-1")
    assert "As the web server on web-1 finds it now. Workers on other machines may differ." in words(
        as_user(admin).get("/system")
    )


def test_a_kernel_without_landlock_is_a_warning_that_says_what_remains_and_what_to_do(as_user, admin, finds):
    finds(InForce(landlock=0, network=False, calls=False))
    page = words(as_user(admin).get("/system"))
    assert "This kernel has no Landlock" in page and "DuckDB&#x27;s own settings remain" in page
    assert "Run the worker on Linux 5.13 or newer" in page and "owned by another user" in page
    assert "3 warnings" in page


def test_a_fence_in_full_has_no_warning(finds):
    assert [fact.label for fact in system.fence() if not fact.good] == []


@pytest.mark.parametrize(("abi", "limited"), [(1, True), (2, True), (3, False), (7, False)])
def test_an_old_landlock_says_what_it_cannot_do(abi, limited):
    assert ("Linux 6.2 or newer" in system.landlock(abi).text) is limited


@pytest.mark.parametrize(
    ("found", "value", "good"),
    [
        (InForce(7, True, False), "Isolated", True),
        (InForce(0, False, True), "Isolated", True),
        (InForce(4, False, False), "TCP only", False),
        (InForce(3, False, False), "Not isolated", False),
    ],
)
def test_the_network_is_isolated_by_whichever_layer(found, value, good):
    fact = system.network(found)
    assert (fact.value, fact.good) == (value, good)


def test_it_still_answers_where_no_query_can_run(as_user, admin, monkeypatch):
    def fail():
        raise EngineUnavailable("The query engine could not be started.")

    monkeypatch.setattr(probe, "in_force", fail)
    assert "No query can run on this machine." in words(as_user(admin).get("/system"))


def test_it_tells_the_limits_in_force(as_user, admin, finds, settings):
    settings.QUERY_TIME_LIMIT, settings.QUERY_MEMORY_LIMIT, settings.QUERY_ROW_LIMIT = 1800, 512, 5_000_000
    page = words(as_user(admin).get("/system"))
    assert "1,800 s" in page and "512 MB" in page and "5,000,000" in page


def test_it_tells_versions_and_the_database(as_user, admin, finds):
    page = words(as_user(admin).get("/system"))
    assert f"DuckDB {duckdb.__version__}" in page
    assert connection.display_name in page


@pytest.mark.parametrize(("free", "good"), [(90, True), (5, False)])
@pytest.mark.django_db
def test_little_free_disk_is_a_warning(finds, monkeypatch, free, good):
    gigabyte = 2**30
    disk = SimpleNamespace(total=100 * gigabyte, used=0, free=free * gigabyte)
    monkeypatch.setattr(system.shutil, "disk_usage", lambda folder: disk)
    fact = next(fact for section in system.sections() for fact in section.facts if fact.label == "Free disk")
    assert fact.good is good and ("That is little" in fact.text) is not good


@pytest.mark.parametrize(("abi", "ids"), [(0, ["linecapi.W001"]), (1, [])])
def test_the_check_for_deployment_warns_of_a_kernel_without_landlock(monkeypatch, abi, ids):
    monkeypatch.setattr(landlock, "abi", lambda: abi)
    found = checks.run_checks(tags=["security"], include_deployment_checks=True)
    assert [message.id for message in found if message.id.startswith("linecapi")] == ids
    assert not [message for message in checks.run_checks(tags=["security"]) if message.id == "linecapi.W001"]
