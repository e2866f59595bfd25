"""The address behind the proxies, and nobody else's word for it."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from linecapi_site.middleware import RealAddress


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),  # nobody is trusted
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the first one was made up by the client
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (1, "", "127.0.0.1"),
        (2, "203.0.113.9", "127.0.0.1"),
    ],
)
def test_it_believes_only_the_trusted_proxies(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})
    RealAddress(lambda r: HttpResponse())(request)
    assert request.META["REMOTE_ADDR"] == address
