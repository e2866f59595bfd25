"""Which names databases may have."""

import pytest
from django.core.exceptions import ValidationError

from warehouse import tables
from warehouse.engines.base import RESERVED_DATABASES

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", sorted(RESERVED_DATABASES))
def test_a_name_that_the_engine_has_for_itself_is_refused(name):
    with pytest.raises(ValidationError, match="has a meaning of its own in SQL"):
        tables.create_database(name)


@pytest.mark.parametrize("name", ["main", "systems", "temporary", "pg_import"])
def test_a_name_that_is_only_like_one_is_taken(name):
    assert tables.create_database(name).name == name
