"""A funded market for the tests of inbox and tasks."""

import pytest

from tests.support.stage import Stage
from tests.web.bazaar import Bazaar


@pytest.fixture
def bazaar(stage: Stage) -> Bazaar:
    """Li has money."""
    bazaar = Bazaar(stage)
    bazaar.fund("li")
    return bazaar
