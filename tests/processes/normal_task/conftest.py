"""Work of an enterprise, on SQLite and where rows are guarded on both databases."""

import pytest

from tests.processes.normal_task.hiring_out import HiringOut
from tests.support.stage import Stage


@pytest.fixture
def work(stage: Stage) -> HiringOut:
    return HiringOut(stage)


@pytest.fixture
def any_work(any_stage: Stage) -> HiringOut:
    """An enterprise on SQLite, then on PostgreSQL."""
    return HiringOut(any_stage)
