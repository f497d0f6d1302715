"""The life of an item: reviewed by a second person, brought to its handler, handled, transferred, escalated, closed."""

import pytest

from tests.engine.services.todos.office import Office
from tests.support.stage import Stage


@pytest.fixture
def office(stage: Stage) -> Office:
    return Office(stage)


def test_smoke(office: Office) -> None:
    item = office.add()
    (handling,) = office.handlings(item)
    assert office.stage.incidents(handling.instance_id) == []
    assert office.titles("han") == ["To-do"]
    office.do("han", item, "handle", action="complete", result="done", comment="ok")
    assert office.stage.outcome(handling.instance_id) == "done"
    assert office.titles("han") == []
