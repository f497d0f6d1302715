"""Money of an order that has ended, and who may decide about it."""

import pytest

from tests.processes.service_case.disputes import Disputes
from tests.support.stage import Stage


@pytest.fixture
def disputes(stage: Stage) -> Disputes:
    return Disputes(stage)
