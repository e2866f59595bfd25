"""https: certificates are checked, and only then are passwords and tokens sent."""

import base64

import pytest

from tests.sources import certificate
from tests.warehouse.engines.fake_trino import Answer, FakeTrino
from warehouse.engines.base import QueryFailed
from warehouse.engines.trino import TrinoEngine


@pytest.fixture
def secure(tmp_path):
    trino = FakeTrino(certificate(tmp_path))
    yield trino
    trino.close()


@pytest.fixture
def trusted(tmp_path, secure, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.crt"))


def engine(trino, **changes):
    mine = {"scheme": "https", "host": "127.0.0.1", "port": str(trino.port), "user": "ann", "catalog": "hive"}
    return TrinoEngine({**mine, **changes})


def test_a_certificate_that_nobody_vouches_for_is_refused(secure):
    with pytest.raises(QueryFailed, match="certificate or protocol is not trusted"):
        engine(secure, password="sesame-open").test()
    assert secure.asked == []


def test_an_admin_may_choose_not_to_check(secure):
    assert "answered" in engine(secure, verify=False).test()


def test_authorities_of_one_s_own_stand_in_a_variable(secure, trusted):
    assert "answered" in engine(secure).test()


@pytest.mark.parametrize(
    ("secret", "sent"),
    [
        ({"password": "sesame"}, "Basic " + base64.b64encode(b"ann:sesame").decode()),
        ({"token": "abc.d"}, "Bearer abc.d"),
    ],
)
def test_password_and_token_go_with_every_request(secure, trusted, secret, sent):
    engine(secure, **secret).test()
    assert {headers["Authorization"] for _, _, headers, _ in secure.asked} == {sent}


def test_it_is_not_led_from_https_to_http(secure, trusted):
    secure.answers["answer"] = Answer(elsewhere="http://127.0.0.1:1")
    with pytest.raises(QueryFailed, match="sends clients to another address"):
        engine(secure, password="sesame-open").test()
