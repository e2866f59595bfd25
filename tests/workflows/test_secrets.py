import pytest

from tests.workflows.factories import pushed
from workflows import secrets
from workflows.models import Secret

pytestmark = pytest.mark.django_db
FILES = {"daily.dig": "+a:\n  echo>: hi\n"}


@pytest.fixture
def project(editor):
    return pushed(editor, FILES).project


def test_a_secret_is_kept_encrypted_and_put_in(project, editor):
    secrets.keep(project, "line.token", "s3cret-token", user=editor)
    assert "s3cret" not in Secret.objects.get().encrypted
    tree = {"access_token": "${secret:line.token}", "list": ["Bearer ${secret: line.token }", 1, None]}
    filled = {"access_token": "s3cret-token", "list": ["Bearer s3cret-token", 1, None]}
    assert secrets.fill(tree, project.pk) == filled


def test_one_of_another_project_is_missing(project, editor):
    other = pushed(editor, FILES, project="other").project
    secrets.keep(other, "token", "s3cret-token", user=editor)
    with pytest.raises(secrets.SecretMissing, match="no secret “token”"):
        secrets.fill("${secret:token}", project.pk)


def test_its_value_is_masked_in_texts(project, editor):
    secrets.keep(project, "token", "s3cret-token", user=editor)
    assert secrets.masked("401 for s3cret-token", project.pk) == "401 for ••••••"


@pytest.mark.parametrize(("key", "value"), [("", "x"), ("a b", "x"), ("-a", "x"), ("a", ""), ("a", "x\0")])
def test_what_cannot_be_kept(key, value):
    assert secrets.problem(key, value)


def test_other_words_are_told_from_secrets():
    assert secrets.other_word("${secret:a} ${env:HOME}") == "${env:HOME}"
    assert secrets.other_word("${secret:a} ${a ? b : c}") is None
