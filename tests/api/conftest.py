"""`api(user)` calls the API with a key of that person; `application` is what gunicorn calls, in one transaction."""

from urllib.parse import urlencode

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from accounts import api_keys

FORM = "application/x-www-form-urlencoded"


class Api:
    """A client with a key. Bodies are urlencoded, as the toolbelt sends them, unless `json` is given."""

    def __init__(self, key):
        self.key = key
        self.client = Client(raise_request_exception=False)

    def get(self, path, **params):
        return self.client.get(path, params, headers=self.headers)

    def post(self, path, json=None, **params):
        if json is not None:
            return self.client.post(path, json, content_type="application/json", headers=self.headers)
        return self.client.post(
            path, urlencode(params), content_type="application/x-www-form-urlencoded", headers=self.headers
        )

    def send(self, method, path, json=None):
        """By another method, with JSON."""
        ask = getattr(self.client, method)
        return ask(path, json or {}, content_type="application/json", headers=self.headers)

    def put(self, path, body):
        return self.client.put(path, body, content_type="application/octet-stream", headers=self.headers)

    @property
    def headers(self):
        return {"Authorization": f"TD1 {self.key}"} if self.key else {}


@pytest.fixture
def api():
    def calls_as(user, role=None):
        return Api(api_keys.create(user, name="tests", role=role)[1] if user else "")

    return calls_as


@pytest.fixture
def application(db):
    from linecapi_site.wsgi import application

    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield application
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
