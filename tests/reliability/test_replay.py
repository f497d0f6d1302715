"""Everything sent several times: it happens once, and the answer is the same (scenario 51)."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import select

from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.services.ledger.checks import check_books
from engine.services.ledger.tables import journal
from engine.services.orders.commands import release_order
from engine.services.verification import verify
from engine.storage.columns import metadata
from engine.storage.ids import new_id
from tests.reliability.conftest import report
from tests.support.stage import SKILLS, Stage
from web.demo.data import hand_in
from web.demo.demands import read_demands
from web.demo.player import APPROVAL, Player

T = TypeVar("T")
TIMES = 3


class RecordingPlayer(Player):
    """Keeps every command it sent, with its answer."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.sent: list[tuple[Callable[[], object], object]] = []

    def send(self, command: Callable[[], T]) -> T:
        """See `Player`."""
        answer = super().send(command)
        self.sent.append((command, answer))
        return answer


def play_case(player: Player, stage: Stage) -> str:
    """A whole case, with a taker who gives the order back first; gives the order's id."""
    publisher, taker, fickle = (stage.person(name) for name in ("publisher", "taker", "fickle"))
    reviewer = stage.staff("reviewer", "platform_reviewer", SKILLS)
    player.top_up(publisher, 100_000)
    demands = read_demands(player.local_now())
    released, token = player.publish(publisher, demands["shelf"]), new_id()
    player.take(fickle, released)
    player.send(lambda: release_order(stage.engine, fickle, released, token, "临时有事"))
    order_id = hand_in(player, publisher, taker, demands["projector"], "陈思远")
    player.do(reviewer, order_id, "review", APPROVAL)
    player.do(publisher, order_id, "confirm_or_object", {"publisher_answer": "confirm"})
    player.do(publisher, order_id, "rate_a", {"stars": "5"})
    player.do(taker, order_id, "rate_b", {"stars": "5"})
    return order_id


def read_everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with engine.database.read() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
        }


def test_a_whole_case_sent_again_in_any_order_changes_nothing(any_stage: Stage) -> None:
    player = RecordingPlayer(any_stage.engine)
    order_id = play_case(player, any_stage)
    assert any_stage.outcome(order_id) == "end_paid"
    before = read_everything(any_stage.engine)
    again = player.sent * TIMES
    seed = random.randrange(2**32)
    report(f"seed {seed}")
    random.Random(seed).shuffle(again)
    for command, answer in again:
        assert command() == answer
    any_stage.settle()
    assert read_everything(any_stage.engine) == before
    assert list(verify(any_stage.engine)) == []


class HastyPlayer(Player):
    """Presses every button several times at the same moment."""

    def send(self, command: Callable[[], T]) -> T:
        """See `Player`."""
        together = threading.Barrier(TIMES)

        def press(_number: int) -> T:
            together.wait(30)
            return command()

        with ThreadPoolExecutor(TIMES) as presses:
            answers = list(presses.map(press, range(TIMES)))
        assert answers == [answers[0]] * TIMES
        settle(self.engine)
        return answers[0]


def test_a_whole_case_in_which_every_button_is_pressed_thrice_at_once(any_stage: Stage) -> None:
    order_id = play_case(HastyPlayer(any_stage.engine), any_stage)
    assert any_stage.outcome(order_id) == "end_paid"
    with any_stage.engine.database.read() as connection:
        posted = Counter(connection.execute(select(journal.c.rule)).scalars())
        assert check_books(connection) == []
    assert posted == {"P-TOPUP": 1, "P-FREEZE": 2, "P-SETTLE": 1}
    assert list(verify(any_stage.engine)) == []
