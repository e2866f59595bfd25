"""Fixtures of the Integrations Hub: a saved authentication, and LINE as `responses` plays it."""

import pytest
import responses
from django.utils import timezone

from integrations.models import Authentication

TOKEN = "very-secret-token-0123456789"
TAG = "8f2c41d7-3b0e"
LINE_URL = f"http://line.test/v1/{TAG}/events"


@pytest.fixture
def saved(editor):
    one = Authentication(name="line_capi_prod", connector_key="line_conversion", created_by=editor)
    one.settings = {"line_tag_id": TAG, "line_channel_id": "2001447192"}
    one.set_secrets({"access_token": TOKEN}, at=timezone.now())
    one.save()
    return one


@pytest.fixture
def line():
    """`line.post(LINE_URL, status=202)`: what LINE answers; anything else fails."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock
