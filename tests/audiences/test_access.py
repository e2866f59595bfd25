"""Who may open which page of Audience Studio, and that nothing changes by a GET or without the token of a form."""

import pytest
from django.test import Client
from django.urls import reverse

from audiences import folders
from audiences.urls import urlpatterns
from tests.audiences.factories import a_built_parent, a_segment, an_activation

pytestmark = pytest.mark.django_db
FOR_VIEWERS = {
    "parent_segments", "parent_segment", "parent_segment_builds", "parent_segment_profile", "segments", "segment",
    "segment_count", "segment_sample", "activations", "activation",
}  # fmt: skip


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def pages(editor):
    """{name: address} of all."""
    parent = a_built_parent(editor)
    segment = a_segment(parent)
    pks = {
        "parent": parent.pk,
        "segment": segment.pk,
        "folder": folders.create(parent, "Campaigns", None).pk,
        "activation": an_activation(segment, editor).pk,
    }
    return {one.name: _address(one, pks) for one in urlpatterns}


def _address(one, pks):
    route = str(one.pattern)
    which = "folder" if "folders/<" in route else "segment" if "segments/<" in route else "parent"
    pk = pks["activation" if route.startswith("activations/") else which]
    given = {"pk": pk, "step": "details"}
    return reverse(f"audiences:{one.name}", kwargs={name: given[name] for name in one.pattern.converters})


def test_viewers_look_and_change_nothing(as_user, viewer, pages):
    client = as_user(viewer)
    for name, address in pages.items():
        refused = {client.get(address).status_code, client.post(address).status_code} <= {403, 405}
        assert refused == (name not in FOR_VIEWERS), name


def test_nobody_comes_in_unknown_and_no_form_is_taken_without_its_token(editor, pages):
    client = Client(enforce_csrf_checks=True)
    for name, address in pages.items():
        assert client.get(address).status_code in (302, 405), name
    client.force_login(editor)
    for name, address in pages.items():
        assert client.post(address).status_code in (403, 405), name


def test_no_get_changes_anything(as_user, editor, pages):
    client, deeds = as_user(editor), ("build", "run", "pause", "resume", "duplicate", "count", "sample", "profile")
    for name, address in pages.items():
        assert (client.get(address).status_code == 405) or not name.endswith(deeds), name
