"""What the OpenAPI document says holds for whatever is sent: no 5xx, and each answer as it is declared.

Endpoints are picked up from the document. Each call is undone in the database before the next one. To let calls reach
things, make some in `things` under the names that stand in KNOWN: half of the calls name those in their paths.
"""

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from accounts import api_keys
from api import openapi, views  # noqa: F401 - declares the endpoints
from linecapi_site.wsgi import application as wsgi
from warehouse.models import Database, Table

KNOWN = {"name": "editor", "database": "shop", "table": "orders"}
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
BOUNDED = settings(
    max_examples=10, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
schema = schemathesis.openapi.from_dict(openapi.document())
schema.app = wsgi


@pytest.fixture
def things(editor):
    """What the paths of KNOWN lead to."""
    Table.objects.create(database=Database.objects.create(name="shop"), name="orders", columns=[["id", "BIGINT"]])


@pytest.fixture
def key(admin):
    return api_keys.create(admin, name="tests")[1]


@schema.parametrize()
@BOUNDED
def test_an_answer_is_as_declared_whatever_is_sent(case, key, things, application):
    called(case, key)
    if KNOWN.keys() & (case.path_parameters or {}).keys():
        case.path_parameters = {name: KNOWN.get(name, text) for name, text in case.path_parameters.items()}
        called(case, key)


def called(case, key):
    with transaction.atomic():
        answer = case.call(headers={"Authorization": f"TD1 {key}"})
        transaction.set_rollback(True)
    case.validate_response(answer, checks=CHECKS)
