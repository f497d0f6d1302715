"""Whatever the tests of this folder do to a case, it can be played again afterwards."""

from collections.abc import Iterator

import pytest

from tests.support.replays import check_replays


@pytest.fixture(autouse=True)
def _replays_the_same(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Before `monkeypatch` puts back what it changed: a case is played again by the limits it ran under."""
    names = [name for name in ("engine", "any_engine") if name in request.fixturenames]
    engines = [request.getfixturevalue(name) for name in names]
    yield
    for engine in engines:
        check_replays(engine)
