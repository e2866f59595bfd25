"""What the OpenAPI document says holds for whatever is sent: no 5xx, and each answer as it is declared.

Endpoints are picked up from the document. Each call is undone in the database before the next one. Most calls name in
their paths what `things` makes, so that they reach something. `make test` asks on PostgreSQL alone, which minds more:
NUL characters, large numbers, broken transactions.
"""

import json

import pytest
import schemathesis
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase
from schemathesis.specs.openapi import checks

from accounts import api_keys
from api import openapi, views  # noqa: F401 - declares the endpoints
from api.workflow_objects import workflow_id
from audiences import activations
from audiences.activations import Wanted
from exports import queries
from exports.models import JobState
from exports.targets import Target
from linecapi_site.wsgi import application as wsgi
from tests.audiences.factories import a_built_parent, a_segment
from tests.exports.factories import a_job, an_authentication, keep
from tests.exports.queries import a_draft
from tests.workflows.factories import pushed
from warehouse.models import Database, Table
from workflows import secrets, sessions
from workflows.models import TaskLog

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
BOUNDED = settings(
    max_examples=6, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def bounded(document):
    """Without what would only be the same for every endpoint, and slow: texts of a million characters, multipart."""
    return json.loads(json.dumps(document), object_hook=lambda one: {k: v for k, v in one.items() if not slow(k, v)})


def slow(name, value):
    return name == "multipart/form-data" or (name == "maxLength" and value >= 100_000)


schema = schemathesis.openapi.from_dict(bounded(openapi.document()))
schema.app = wsgi
schema.config.phases.coverage.unexpected_methods = set()  # 405 has its own test


@pytest.fixture
def things(editor):
    """What a name in a path is replaced by: a user, a query and a database of one name, a table, a job with rows, a
    parent segment with a segment and an activation, a workflow with an attempt."""
    query = queries.create(a_draft(name="editor"), user=editor)
    database = Database.objects.create(name="editor")
    Table.objects.create(database=database, name="orders", columns=[["id", "BIGINT"]])
    job = keep(a_job(JobState.SUCCESS, query=query), {"id": [1, 2], "email": ["kana@example.jp", None]})
    words = {"type": "log", "format": "msgpack.gz", "time": "1767225600"}
    numbers = {"job_id": str(job.pk), "number": str(query.pk)}
    return {
        "name": "editor",
        "database": "editor",
        "table": "orders",
        **words,
        **numbers,
        **audience_things(editor),
        **workflow_things(editor),
    }


def audience_things(editor):
    parent = a_built_parent(editor)
    segment = a_segment(parent)
    wanted = Wanted("Winback", Target(an_authentication(), {}, {"ignore_invalid_records": True, "max_records": 1000}))
    activation, _ = activations.create(segment, wanted, user=editor)
    return {"audience": str(parent.pk), "segment": str(segment.pk), "syndication": str(activation.pk)}


def workflow_things(editor):
    """A project with a secret, and a scheduled workflow with an attempt whose first task logged a line."""
    workflow = pushed(editor, {"daily.dig": "schedule:\n  daily>: 07:00:00\n+a:\n  echo>: hi\n"})
    secrets.keep(workflow.project, "token", "sesame", user=editor)
    attempt = sessions.start(workflow, timezone.now(), user=editor)
    task = attempt.tasks.first()
    TaskLog.objects.create(task=task, text="hi")
    numbers = {
        "project": workflow.project,
        "attempt": attempt,
        "session": attempt.session,
        "schedule": workflow.schedule,
    }
    names = {"workflow_name": "daily", "file_name": f"{task.pk}.log.gz", "key": "token"}
    ids = {name: str(one.pk) for name, one in numbers.items()}
    return {**ids, **names, "workflow": workflow_id(workflow, workflow.revision_id)}


@pytest.fixture
def key(admin):
    return api_keys.create(admin, name="tests")[1]


@schema.parametrize()
@BOUNDED
def test_an_answer_is_as_declared_whatever_is_sent(case, key, things, application):
    generated = case.path_parameters or {}
    if case.path.startswith("/v3/job/issue/"):
        things["type"] = "trino"  # of a job, where tables are of the type log
    if made_up(case) or not things.keys() & generated.keys():
        called(case, key)
    if things.keys() & generated.keys():
        case.path_parameters = {name: things.get(name, text) for name, text in generated.items()}
        called(case, key)


def made_up(case):
    """Whether its path is of interest: the others only go through the limits of the other parameters."""
    phase = case.meta.phase
    return phase.name != TestPhase.COVERAGE or phase.data.parameter_location == ParameterLocation.PATH


def called(case, key):
    with transaction.atomic():
        answer = case.call(headers={"Authorization": f"TD1 {key}"})
        transaction.set_rollback(True)
    case.validate_response(answer, checks=CHECKS)
