"""The market of a hire order, on SQLite and where it matters on both databases."""

import pytest

from tests.processes.hire_order.hiring import Hiring
from tests.support.stage import Stage


@pytest.fixture
def hiring(stage: Stage) -> Hiring:
    return Hiring(stage)


@pytest.fixture
def any_hiring(any_stage: Stage) -> Hiring:
    """A market on SQLite, then on PostgreSQL."""
    return Hiring(any_stage)
