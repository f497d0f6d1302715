"""One hire order from the demand to the ratings, told step by step, with proofs at its end."""

import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from engine.commands.deployments import deploy
from engine.language.errors import EngineError
from engine.runtime.engine import Engine
from engine.services.ledger import accounts
from engine.services.ledger.checks import trial_balance
from engine.services.ledger.posting import balance_of
from engine.services.orders.commands import take_order
from engine.services.orders.tables import hire_order
from engine.services.verification import count_rows, verify
from engine.storage.actor import SYSTEM, Actor
from engine.storage.ids import new_id, new_token
from engine.storage.schema import upgrade_schema
from engine.storage.settings import Settings
from web.demo.data import Cast, gather
from web.demo.demands import read_demands
from web.demo.player import APPROVAL, Player
from web.demo.remote import play_remotely
from web.demo.telling import prove, say
from web.repository import read_definitions

MAX_TAKERS = 256
BEGIN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, ten in the morning in Shanghai


class DemoClock:
    """Stands still until the play moves it."""

    def __init__(self) -> None:
        self.at = BEGIN

    def __call__(self) -> datetime:
        return self.at


def play(takers: int, url: str | None) -> int:
    """Plays on a throwaway engine, or against a running server; 0 if every proof held, else 1."""
    if not 1 <= takers <= MAX_TAKERS:
        print(f"Expected 1 to {MAX_TAKERS} takers, but got {takers}.")
        return 1
    if url is not None:
        return play_remotely(url, takers)
    with tempfile.TemporaryDirectory(prefix="baton-demo-") as folder:
        clock = DemoClock()
        engine = Engine(Settings(data_dir=Path(folder), password_cost=1), clock)
        try:
            upgrade_schema(engine.database)
            deploy(engine, SYSTEM, read_definitions(), "demo")
            return Play(engine, clock).run(takers)
        finally:
            engine.close()


class Play:
    """The play on one engine."""

    def __init__(self, engine: Engine, clock: DemoClock) -> None:
        self.engine = engine
        self.clock = clock
        self.player = Player(engine)

    def run(self, takers: int) -> int:
        """The whole case; the exit code."""
        cast = gather(self.player)
        order_id = self._publish(cast)
        winner = self._race(order_id, self._invite(cast, takers))
        self._work(cast, winner, order_id)
        self._pay(cast, winner, order_id)
        return self._prove(order_id)

    def _publish(self, cast: Cast) -> str:
        say(f"Chen tops up; the wallet holds {self._yuan(accounts.wallet(cast.chen.party_id))}.")
        order_id = self.player.publish(cast.chen, read_demands(self.player.local_now())["projector"])
        say("Chen describes the demand: two projectors, reward 333.30 yuan.")
        say(f"The reward is frozen before anybody sees the order: escrow {self._yuan(accounts.escrow(order_id))}.")
        say(f"The platform has checked the content; the order is {self._state(order_id)} and listed.")
        return order_id

    def _invite(self, cast: Cast, takers: int) -> list[Actor]:
        invited = [cast.wang, cast.emily, cast.builders][:takers]
        for number in range(len(invited), takers):
            actor = self.player.person(f"taker{number}", new_id(), f"接单人{number}", f"Taker {number}")
            self.player.certify(actor.party_id)
            invited.append(actor)
        return invited

    def _race(self, order_id: str, takers: list[Actor]) -> Actor:
        together = threading.Barrier(len(takers))

        def run(actor: Actor) -> str:
            together.wait()
            try:
                take_order(self.engine, actor, order_id, new_token())
            except EngineError as refused:
                return refused.code
            return ""

        with ThreadPoolExecutor(len(takers)) as pool:
            refusals = list(pool.map(run, takers))
        winners = [actor for actor, refusal in zip(takers, refusals, strict=True) if not refusal]
        refused = refusals.count("already_taken")
        say(f"{len(takers)} take it at once: {len(winners)} wins, {refused} are told it is taken.")
        if (len(winners), refused) != (1, len(takers) - 1):
            raise SystemExit("Expected exactly one winner.")
        return winners[0]

    def _work(self, cast: Cast, winner: Actor, order_id: str) -> None:
        self.player.start(winner, order_id)
        say(f"The winner starts to work; the order is {self._state(order_id)}.")
        self._advance(hours=6)
        self.player.hand_over(winner, order_id, "两间会议室调试完成，照片与端口对照表见附件。", "陈思远")
        say(f"Six hours later the winner hands over with a photo; the order is {self._state(order_id)}.")
        self.player.do(cast.gao, order_id, "review", APPROVAL)
        say("The platform's reviewer goes through the checklist and approves the result.")

    def _pay(self, cast: Cast, winner: Actor, order_id: str) -> None:
        self._advance(days=3, minutes=1)
        say("Chen stays silent for the three days of the objection window: that counts as confirmed.")
        paid = self._yuan(accounts.wallet(winner.party_id))
        say(f"The order is {self._state(order_id)}; the winner's wallet holds {paid} after the platform's fee.")
        self.player.do(cast.chen, order_id, "rate_a", {"stars": "5", "comment": "又快又稳。"})
        self.player.do(winner, order_id, "rate_b", {"stars": "5", "comment": "要求清楚。"})
        say("Both rate each other; the case is closed.")

    def _prove(self, order_id: str) -> int:
        findings = list(verify(self.engine))
        with self.engine.database.read() as connection:
            escrow_fen = balance_of(connection, accounts.escrow(order_id))
            difference_fen = trial_balance(connection).difference_fen
            counts = count_rows(connection)
        held = [
            prove("the escrow of the order is 0", escrow_fen == 0, f"{escrow_fen} fen"),
            prove("the trial balance is 0", difference_fen == 0, f"{difference_fen} fen"),
            prove("all that is remembered is verified", not findings, ", ".join(f"{n} {t}" for t, n in counts.items())),
        ]
        for finding in findings:
            print(f"  {finding.table} {finding.row}: {finding.message}")
        return 0 if all(held) else 1

    def _advance(self, **duration: float) -> None:
        self.clock.at += timedelta(**duration)
        self.player.send(lambda: None)

    def _state(self, order_id: str) -> str:
        with self.engine.database.read() as connection:
            return str(connection.execute(select(hire_order.c.state).where(hire_order.c.id == order_id)).scalar_one())

    def _yuan(self, account: str) -> str:
        with self.engine.database.read() as connection:
            return f"{balance_of(connection, account) / 100:,.2f} yuan"
