"""Authentications that queries read from."""

import json

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings

from exports import targets
from integrations.catalog import CONNECTORS, SOURCES, any_connector, connector, source
from integrations.models import Authentication
from integrations.secrets import SecretUnreadable
from integrations.sources import destinations, engine_of, is_source, sources
from integrations.testing import check_source
from tests.sources import PASSWORD
from warehouse.engines.trino import TreasureDataEngine


def make(name, key, settings, secrets, *, at=None):
    one = Authentication(name=name, connector_key=key, settings=settings)
    one.set_secrets(secrets, at=at)
    one.save()
    return one


@pytest.fixture
def shop(db, postgresql):
    settings = postgresql.settings()
    return make("shop", "postgresql", settings, {"password": settings.pop("password")})


def test_sources_and_destinations_are_told_apart(shop, saved):
    another = make("a_cluster", "trino", {}, {})
    assert is_source(shop) and not is_source(saved)
    assert list(sources()) == [another, shop] and list(destinations()) == [saved]


def test_the_catalog_finds_each_by_its_key_and_only_there():
    assert not CONNECTORS.keys() & SOURCES.keys()
    assert source("trino") is any_connector("trino") and connector("line_conversion") is any_connector(
        "line_conversion"
    )
    for find, key in ((connector, "trino"), (source, "line_conversion"), (any_connector, "nothing")):
        with pytest.raises(KeyError):
            find(key)


def test_a_source_s_engine_opens_its_secrets(shop, tmp_path):
    engine = engine_of(shop)
    assert engine.kind == "postgresql" and PASSWORD not in repr(vars(engine))
    assert "answered" in engine.test()


def test_treasure_data_s_engine_asks_the_endpoint_of_the_site(db):
    one = make("td", "treasure_data", {"site": "eu01.treasuredata.com", "database": "web"}, {"api_key": "1/0123"})
    engine = engine_of(one)
    assert isinstance(engine, TreasureDataEngine) and engine._settings["host"] == "api-presto.eu01.treasuredata.com"
    assert one.address == "web at eu01.treasuredata.com" and "1/0123" not in repr(vars(engine))


def test_secrets_that_no_key_opens_are_said(shop):
    other = [Fernet.generate_key().decode()]
    with override_settings(CREDENTIAL_KEYS=other), pytest.raises(SecretUnreadable):
        engine_of(shop)


def test_results_are_not_sent_to_a_source(shop):
    with pytest.raises(targets.TargetError, match="no longer exists"):
        targets.parse(json.dumps({"authentication": shop.pk, "mapping": {}, "settings": {}}))


def test_a_destination_has_no_engine(saved):
    with pytest.raises(KeyError):
        engine_of(saved)


def test_a_source_has_no_destination(shop):
    with pytest.raises(KeyError):
        _ = shop.destination


def test_what_a_test_says_can_be_acted_on(postgresql):
    found = check_source(SOURCES["postgresql"], postgresql.settings())
    assert found.ok and "The role only reads" in found.says
    refused = check_source(SOURCES["postgresql"], postgresql.settings(user="test"))
    assert not refused.ok and "Use a role that only reads" in refused.says
    gone = check_source(SOURCES["postgresql"], postgresql.settings(host="127.0.0.1", port="1"))
    assert not gone.ok and gone.do == "Check the address, and that nothing between here and there blocks it."


@pytest.mark.parametrize("one", SOURCES.values(), ids=SOURCES)
def test_every_source_is_declared_whole(one):
    assert one.tests.endswith(".") and one.description.endswith(".") and one.is_source
    assert {s.kind for s in one.settings} <= {"text", "secret", "choice", "boolean"}
    assert all(s.stage in ("credentials", "advanced") for s in one.settings)
    host, port = one.server(one.filled({}))
    assert port > 0 and (host or any(s.name == "host" for s in one.settings))
