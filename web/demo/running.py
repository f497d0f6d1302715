"""One errand from its description to the ratings, told step by step, with proofs at its end."""

from datetime import timedelta

import orjson
from sqlalchemy import RowMapping, func, select

from engine.commands.tasks import FormRejected
from engine.language.errors import EngineError
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.chat.queries import has_room
from engine.services.dispatch.taking import take_offer
from engine.services.errands import codes, states
from engine.services.errands.commands import create_errand
from engine.services.errands.notes import ANSWER, BUY
from engine.services.errands.pricing import ORDINARY, last_quote
from engine.services.ledger import accounts
from engine.services.ledger.checks import trial_balance
from engine.services.ledger.posting import balance_of
from engine.services.ledger.tables import journal
from engine.services.places.geometry import write_distance
from engine.services.tracking.queries import read_track
from engine.services.verification import count_rows, verify
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from web.demo.couriers import load_couriers
from web.demo.data import Cast, gather
from web.demo.demands import Fields
from web.demo.errands import PHONE, WANTED
from web.demo.player import PIXEL, Player
from web.demo.telling import prove, say
from web.demo.throwaway import DemoClock, open_throwaway

CATEGORIES = tuple(WANTED)
CLASSES = ("ordinary", "professional")
TIP, FEE, SPENT = "3.00", "12.00", "42.10"
TAKERS = {"ordinary": ("sunwei", "ma"), "professional": ("ma", "jianghe")}
"""Who takes an order of a class, and who comes too late."""


def play_errand(category: str, order_class: str) -> int:
    """Plays on a throwaway engine; 0 if every proof held, else 1."""
    with open_throwaway() as (engine, clock):
        return Errand(engine, clock, category, order_class).run()


class Errand:
    """The play on one engine."""

    def __init__(self, engine: Engine, clock: DemoClock, category: str, order_class: str) -> None:
        self.engine, self.clock, self.category, self.order_class = engine, clock, category, order_class
        self.player = Player(engine)
        self.order_id = ""

    def run(self) -> int:
        """The whole case; the exit code."""
        cast, couriers = gather(self.player), load_couriers(self.player)
        courier, late = (couriers[login] for login in TAKERS[self.order_class])
        before_fen = self._fen(accounts.wallet(courier.party_id))
        self._order(cast)
        self._take(courier, late)
        if self.category == ANSWER:
            self._answer(cast, courier)
        else:
            self._fetch(courier)
            self._deliver(courier)
        self._rate(cast, courier)
        return self._prove(cast, courier, before_fen)

    def _order(self, cast: Cast) -> None:
        token = new_token()
        self.order_id = self.player.send(lambda: create_errand(self.engine, cast.chen, token))
        self._do(cast.chen, "describe_errand", self._describe(cast))
        row = self._row()
        way = write_distance(row["metres"]) if row["metres"] is not None else "no"
        say(f"Chen describes an errand ({self.category}, {self.order_class}) of {way} way.")
        if self.order_class == ORDINARY:
            self._do(cast.chen, "set_fee", {"fee_decision": "order", "fee_fen": FEE, "tip_fen": TIP})
            say(f"He offers {FEE} yuan himself, and a tip of {TIP}.")
        else:
            with self.engine.database.read() as connection:
                quote = last_quote(connection, self.order_id)
            assert quote is not None
            parts = ", ".join(f"{name.removesuffix('_fen')} {fen / 100:.2f}" for name, fen in quote["parts"].items())
            say(f"The fee table quotes {quote['fee_fen'] / 100:.2f} yuan ({parts}); it holds for a quarter of an hour.")
            self._do(cast.chen, "confirm_quote", {"fee_decision": "order", "tip_fen": TIP})
        say(f"Everything is frozen in one: escrow {self._yuan('escrow')}, for goods {self._yuan('goods')}.")

    def _describe(self, cast: Cast) -> Fields:
        wanted: Fields = {"category": self.category, "order_class": self.order_class, **WANTED[self.category]}
        if self.category != "print":
            return wanted
        return {**wanted, "print_files": [self.player.upload(cast.chen, "论文.png", PIXEL + b"print")]}

    def _take(self, courier: Actor, late: Actor) -> None:
        self.player.send(lambda: take_offer(self.engine, courier, self.order_id, new_token()))
        try:
            take_offer(self.engine, late, self.order_id, new_token())
        except EngineError as refused:
            say(f"A courier takes it; the next one is told: {refused.code}.")
        with self.engine.database.read() as connection:
            is_open = has_room(connection, self.order_id)
        say(f"Both are connected: chat room {'open' if is_open else 'missing'}, phones behind one number.")

    def _fetch(self, courier: Actor) -> None:
        self._advance(minutes=6)
        self._do(courier, "go_to_pickup", self._arrive(courier))
        if self.category == BUY:
            self._do(courier, "buy_goods", {"spent_fen": SPENT, "receipt": [self._photo(courier, "receipt")]})
            say(f"The courier buys for {SPENT} yuan and sends the receipt.")
        picked: Fields = {"condition": "good", "is_checked": "true"}
        if self._row()["needs_pickup_code"]:
            code = codes.make_code(self.engine.keys, self.order_id, codes.PICKUP)
            self._do(courier, "pick_up", {**picked, "pickup_proof": "code", "pickup_code": code})
            say("The sender tells the pickup code.")
        else:
            photo = self._photo(courier, "goods")
            self._do(courier, "pick_up", {**picked, "pickup_proof": "photo", "pickup_photos": [photo]})
            say("A photo proves the pickup.")

    def _arrive(self, courier: Actor) -> Fields:
        if self.category == "deliver":
            return {"place-known": "wulin_square"}
        return {"arrival_photo": [self._photo(courier, "arrival")]}

    def _deliver(self, courier: Actor) -> None:
        self._advance(minutes=12)
        self._do(courier, "deliver", {})
        handed: Fields = {"delivery_proof": "photo", "note": "已办妥，照片见附件。"}
        if self._row()["needs_delivery_code"]:
            right = codes.make_code(self.engine.keys, self.order_id, codes.DELIVERY)
            handed = {"delivery_proof": "code", "delivery_code": right}
            wrong = f"{(int(right) + 1) % 10_000:04d}"
            try:
                self._do(courier, "hand_over", {**handed, "delivery_code": wrong})
            except FormRejected:
                say("A wrong delivery code is refused, and costs one of five tries.")
        else:
            handed = {**handed, "delivery_photos": [self._photo(courier, "door")], "place-known": "wulin_square"}
        self._do(courier, "hand_over", handed)
        say(f"Handed over; the errand is {self._row()['state']}.")

    def _answer(self, cast: Cast, courier: Actor) -> None:
        self._do(courier, "give_answer", {"note": "分部积分：令 u = x，得 (x − 1)eˣ + C。"})
        self._do(cast.chen, "accept_answer", {"answer_decision": "accept"})
        say(f"Answered and accepted; the errand is {self._row()['state']}.")

    def _rate(self, cast: Cast, courier: Actor) -> None:
        self._do(cast.chen, "rate_a", {"stars": "5", "comment": "又快又稳。"})
        self._do(courier, "rate_b", {"stars": "5", "comment": "地址清楚。"})
        say("Both rate each other; the case is closed.")

    def _prove(self, cast: Cast, courier: Actor, before_fen: int) -> int:
        row, findings = self._row(), list(verify(self.engine))
        with self.engine.database.read() as connection:
            frozen_fen = sum(balance_of(connection, of(self.order_id)) for of in (accounts.escrow, accounts.goods))
            difference_fen = trial_balance(connection).difference_fen
            counts = count_rows(connection)
            own = (journal.c.instance_id == self.order_id, journal.c.rule == "P-SETTLE-ERRAND")
            entries = connection.execute(select(func.count()).where(*own)).scalar_one()
            platform_fen = int(connection.execute(select(journal.c.facts).where(*own)).scalars().one()["fee_fen"])
            history = orjson.dumps([step.events for step in read_stream(connection, self.order_id)]).decode()
        got_fen = self._fen(accounts.wallet(courier.party_id)) - before_fen
        due_fen = row["fee_fen"] - platform_fen + row["tip_fen"] + row["spent_fen"]
        told = f"{row['fee_fen']} − {platform_fen} + {row['tip_fen']} + {row['spent_fen']} = {got_fen} fen"
        held = [
            prove("the errand is closed", row["state"] == "closed", str(row["outcome"])),
            prove("it was paid once", entries == 1, f"{entries} entry"),
            prove("the courier has fee less the platform's, tip and goods", got_fen == due_fen, told),
            prove("nothing is left frozen, of fee or goods", frozen_fen == 0, f"{frozen_fen} fen"),
            prove("nobody sees any more where the courier is", self._is_hidden(cast)),
            prove("the phone of the recipient is nowhere in the history", PHONE not in history),
            prove("the trial balance is 0", difference_fen == 0, f"{difference_fen} fen"),
            prove("all that is remembered is verified", not findings, ", ".join(f"{n} {t}" for t, n in counts.items())),
        ]
        for finding in findings:
            print(f"  {finding.table} {finding.row}: {finding.message}")
        return 0 if all(held) else 1

    def _is_hidden(self, cast: Cast) -> bool:
        try:
            return read_track(self.engine, cast.chen, self.order_id).here is None
        except NotFound:
            return True

    def _do(self, actor: Actor, element: str, fields: Fields) -> None:
        self.player.do(actor, self.order_id, element, fields)

    def _photo(self, actor: Actor, name: str) -> str:
        return self.player.upload(actor, f"{name}.png", PIXEL + name.encode())

    def _advance(self, **duration: float) -> None:
        self.clock.at += timedelta(**duration)
        self.player.send(lambda: None)

    def _row(self) -> RowMapping:
        with self.engine.database.read() as connection:
            return states.fetch_row(connection, self.order_id)

    def _fen(self, account: str) -> int:
        with self.engine.database.read() as connection:
            return balance_of(connection, account)

    def _yuan(self, kind: str) -> str:
        return f"{self._fen(f'{kind}:{self.order_id}') / 100:,.2f} yuan"
