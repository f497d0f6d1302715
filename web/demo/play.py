"""One hire order from the demand to the ratings, told step by step, with proofs at its end."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select

from engine.language.errors import EngineError
from engine.runtime.engine import Engine
from engine.services.ledger import accounts
from engine.services.ledger.checks import trial_balance
from engine.services.ledger.posting import balance_of
from engine.services.ledger.tables import journal
from engine.services.orders.commands import take_order
from engine.services.orders.tables import hire_order
from engine.services.verification import count_rows, verify
from engine.storage.actor import Actor
from engine.storage.ids import new_id, new_token
from web.demo.data import Cast, gather
from web.demo.demands import read_demands
from web.demo.player import APPROVAL, Player
from web.demo.remote import play_remotely
from web.demo.telling import prove, say
from web.demo.throwaway import DemoClock, open_throwaway

MAX_TAKERS = 256
SETTLEMENTS = ("P-SETTLE", "P-MILESTONE")


def play(takers: int, url: str | None, has_milestones: bool = False) -> int:
    """Plays on a throwaway engine, or against a running server; 0 if every proof held, else 1.

    `has_milestones`: an order whose reward is released in three parts.
    """
    if not 1 <= takers <= MAX_TAKERS:
        print(f"Expected 1 to {MAX_TAKERS} takers, but got {takers}.")
        return 1
    if url is not None:
        return play_remotely(url, takers, has_milestones)
    with open_throwaway() as (engine, clock):
        return Play(engine, clock, "exhibition" if has_milestones else "projector").run(takers)


class Play:
    """The play on one engine; `demand` is what is asked for, one of demands.toml."""

    def __init__(self, engine: Engine, clock: DemoClock, demand: str) -> None:
        self.engine = engine
        self.clock = clock
        self.player = Player(engine)
        self.demand = read_demands(self.player.local_now())[demand]
        self.parts = len(self.demand.get("milestones", [])) or 1

    def run(self, takers: int) -> int:
        """The whole case; the exit code."""
        cast = gather(self.player)
        order_id = self._publish(cast)
        winner = self._race(order_id, self._invite(cast, takers))
        self.player.start(winner, order_id)
        say(f"The winner starts to work; the order is {self._state(order_id)}.")
        for number in range(1, self.parts + 1):
            if self.parts > 1:
                say(f"Milestone {number} of {self.parts}:")
            self._work(cast, winner, order_id)
            self._pay(winner, order_id)
        self._rate(cast, winner, order_id)
        return self._prove(order_id)

    def _publish(self, cast: Cast) -> str:
        say(f"Chen tops up; the wallet holds {self._yuan(accounts.wallet(cast.chen.party_id))}.")
        order_id = self.player.publish(cast.chen, self.demand)
        say(f"Chen describes the demand: {self.demand['title']}, reward {self.demand['reward_fen']} yuan.")
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
        self._advance(hours=6)
        self.player.hand_over(winner, order_id, "约定的部分已全部完成，照片见附件。", "陈思远")
        say(f"Six hours later the winner hands over with a photo; the order is {self._state(order_id)}.")
        self.player.do(cast.gao, order_id, "review", APPROVAL)
        say("The platform's reviewer goes through the checklist and approves the result.")

    def _pay(self, winner: Actor, order_id: str) -> None:
        self._advance(days=3, minutes=1)
        say("Chen stays silent for the three days of the objection window: that counts as confirmed.")
        paid = self._yuan(accounts.wallet(winner.party_id))
        left = self._yuan(accounts.escrow(order_id))
        say(f"The order is {self._state(order_id)}; the winner's wallet holds {paid} after the fee, the escrow {left}.")

    def _rate(self, cast: Cast, winner: Actor, order_id: str) -> None:
        self.player.do(cast.chen, order_id, "rate_a", {"stars": "5", "comment": "又快又稳。"})
        self.player.do(winner, order_id, "rate_b", {"stars": "5", "comment": "要求清楚。"})
        say("Both rate each other; the case is closed.")

    def _prove(self, order_id: str) -> int:
        findings = list(verify(self.engine))
        with self.engine.database.read() as connection:
            escrow_fen = balance_of(connection, accounts.escrow(order_id))
            difference_fen = trial_balance(connection).difference_fen
            counts = count_rows(connection)
            paid = select(func.count()).where(journal.c.instance_id == order_id, journal.c.rule.in_(SETTLEMENTS))
            payments = connection.execute(paid).scalar_one()
        held = [
            prove("every part of the reward was released once", payments == self.parts, f"{payments} of {self.parts}"),
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
