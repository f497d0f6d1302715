"""Whatever the tests of this folder do to a case, it can be played again afterwards."""

from collections.abc import Iterator

import pytest

from tests.support.replays import check_replays
from tests.support.stage import Stage

FIXTURES = ("engine", "any_engine", "stage", "any_stage")


@pytest.fixture(autouse=True)
def _replays_the_same(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Before `monkeypatch` puts back what it changed: a case is played again by the limits it ran under."""
    used = [request.getfixturevalue(name) for name in FIXTURES if name in request.fixturenames]
    yield
    for engine in {one.engine if isinstance(one, Stage) else one for one in used}:
        check_replays(engine)
