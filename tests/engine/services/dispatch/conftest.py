"""A town on each database."""

import pytest

from engine.runtime.engine import Engine
from tests.engine.services.dispatch.town import Town


@pytest.fixture
def town(engine: Engine) -> Town:
    """A town on SQLite."""
    return Town(engine)


@pytest.fixture
def any_town(any_engine: Engine) -> Town:
    """A town on SQLite, then on PostgreSQL."""
    return Town(any_engine)
