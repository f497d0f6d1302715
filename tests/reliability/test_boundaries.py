"""The process dies before and after every service call of a case, and the command is sent again (scenario 54).

Nothing is ever left behind half done, and in the end everything was done once.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TypeVar

import pytest
from sqlalchemy import select

from engine.commands.work import settle
from engine.definitions.registry import TOPICS, Topic, TopicCall
from engine.runtime.engine import Engine
from engine.services.ledger.checks import check_books
from engine.services.ledger.tables import journal
from engine.services.verification import verify
from engine.storage.plain import Plain, PlainDict
from tests.reliability.test_replay import play_case, read_everything
from tests.support.stage import Stage
from web.demo.player import Player

T = TypeVar("T")


class Killed(BaseException):
    """The end of the process, as far as the code under test can tell: nobody catches it."""


class Killer:
    """Kills once at each border of each service call."""

    def __init__(self) -> None:
        self.borders: Counter[tuple[str, str, str]] = Counter()

    def pass_border(self, side: str, call: TopicCall) -> None:
        border = (side, str(call.business_key), call.element)  # a start that died leaves no instance id
        self.borders[border] += 1
        if self.borders[border] == 1:
            raise Killed(border)

    def wrap(self, topic: Topic) -> Topic:
        """The same topic with a killer at its door."""

        @wraps(topic.function)
        def function(call: TopicCall, **inputs: Plain) -> PlainDict:
            self.pass_border("before", call)
            result: PlainDict = topic.function(call, **inputs)
            self.pass_border("after", call)
            return result

        return replace(topic, function=function)


class StubbornPlayer(Player):
    """Sends a command again until it is not killed on the way."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.kills = 0

    def send(self, command: Callable[[], T]) -> T:
        """See `Player`."""
        answer = self._insist(command)
        self._insist(lambda: settle(self.engine))
        return answer

    def _insist(self, command: Callable[[], T]) -> T:
        while True:
            before = read_everything(self.engine)
            try:
                return command()
            except Killed:
                self.kills += 1
                assert read_everything(self.engine) == before, "something was left behind"


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    """A killer at the door of every registered topic."""
    killer = Killer()
    for name, topic in list(TOPICS.items()):
        monkeypatch.setitem(TOPICS, name, killer.wrap(topic))
    return killer


def test_a_death_at_any_border_of_a_service_call_leaves_exactly_one_posting(any_stage: Stage, killer: Killer) -> None:
    player = StubbornPlayer(any_stage.engine)
    order_id = play_case(player, any_stage)
    assert any_stage.outcome(order_id) == "end_paid"
    visited = {element for _, _, element in killer.borders}
    assert {"freeze_funds", "record_lock", "record_handover", "settle_reward", "record_rating_a"} <= visited
    assert player.kills == len(killer.borders) >= 40
    with any_stage.engine.database.read() as connection:
        posted = Counter(connection.execute(select(journal.c.rule)).scalars())
        assert check_books(connection) == []
    assert posted == {"P-TOPUP": 1, "P-FREEZE": 2, "P-SETTLE": 1}
    assert list(verify(any_stage.engine)) == []
