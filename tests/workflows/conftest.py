"""What tests of workflows share."""

import pytest

from workflows import contents


@pytest.fixture(autouse=True)
def nothing_remembered():
    """The next test's revisions may have the same numbers."""
    for remembered in (contents._files, contents._texts, contents.workflow):
        remembered.cache_clear()
