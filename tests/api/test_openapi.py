"""The OpenAPI document: valid, complete, and true to what is declared."""

import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from accounts.models import Role
from api import openapi, views  # noqa: F401 - declares the endpoints
from api.declared import ENDPOINTS, Endpoint, Param, endpoint

PATH = "/api/openapi.json"


@pytest.fixture
def document(client):
    return client.get(PATH).json()


def test_it_is_valid_and_needs_no_key(document):
    OPENAPI_31_VALIDATOR.validate(document)
    assert document["openapi"] == "3.1.0"


def test_it_names_everything_that_is_served(document):
    served = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert served == {(e.path, e.method) for e in ENDPOINTS}


def test_the_first_sentence_of_a_docstring_is_the_summary():
    def view(call):
        """Give a table other columns. Rows stay,
        whatever they hold.

        So be it.
        """

    told = openapi.operation(Endpoint("GET", "/x", view, None, "T"))
    assert told["summary"] == "Give a table other columns."
    assert told["description"] == "Rows stay, whatever they hold. So be it. Needs no key."


def test_every_endpoint_says_what_it_does_and_who_may():
    for one in map(openapi.operation, ENDPOINTS):
        assert one["summary"].endswith(".") and one["description"].endswith("."), one["operationId"]


def test_names_of_operations_and_their_paths_come_once():
    assert (
        len({openapi.name_of(e) for e in ENDPOINTS}) == len({(e.method, e.path) for e in ENDPOINTS}) == len(ENDPOINTS)
    )


def test_every_name_in_a_path_is_a_parameter(document):
    names = {p["name"] for p in document["paths"]["/v3/user/apikey/list/{name}"]["get"]["parameters"]}
    assert names == {"name"}


def declared(method="POST", **more):
    """What is told of an endpoint like that; it is not served."""
    endpoint(method, "/x/{name}", tag="T", **more)(lambda call, name: {})
    return openapi.operation(ENDPOINTS.pop())


def test_a_post_takes_its_parameters_as_json_and_as_forms():
    content = declared(params=(Param("n", "integer", minimum=1, maximum=5, default=2, help="How many"),))[
        "requestBody"
    ]["content"]
    assert list(content) == ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
    told = {"type": "integer", "minimum": 1, "maximum": 5, "default": 2, "description": "How many"}
    assert all(one["schema"]["properties"]["n"] == told for one in content.values())


def test_a_get_takes_its_parameters_in_the_query():
    found = declared("GET", params=(Param("format", choices=("json", "csv"), required=True),))
    assert "requestBody" not in found
    schema = {"type": "string", "maxLength": 1_000_000, "enum": ["json", "csv"], "minLength": 1}
    assert found["parameters"][1] == {"name": "format", "in": "query", "required": True, "schema": schema}


def test_an_object_is_json_in_a_form_and_anything_in_json():
    content = declared(params=(Param("settings", "object"),))["requestBody"]["content"]
    fields = [content[media]["schema"]["properties"]["settings"] for media in (openapi.JSON, openapi.FORMS[0])]
    assert fields == [{}, {"type": "string", "contentMediaType": "application/json"}]


def test_a_body_that_is_no_parameters_is_told_as_bytes():
    found = declared("PUT", body="Gzipped msgpack")
    assert found["requestBody"] == {"required": True, "description": "Gzipped msgpack", "content": {openapi.BYTES: {}}}


def test_who_may_call_is_told():
    assert declared(role=None)["security"] == [] and "Needs no key." in declared(role=None)["description"]
    assert declared(role=Role.EDITOR)["security"] == [{"TD1": []}]
    assert declared(role=Role.EDITOR)["description"] == "Needs the role editor."


def test_each_kind_of_answer_is_told():
    content = declared(media=("application/json", "text/csv"), answer={"type": "object"})["responses"]["200"]["content"]
    assert content == {"application/json": {"schema": {"type": "object"}}, "text/csv": {}}
