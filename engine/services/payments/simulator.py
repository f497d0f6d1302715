"""The embedded payment provider: no real money, the same events for the same seed, state kept in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from engine.records.jobs import enqueue
from engine.services.ledger.fees import share_of
from engine.services.payments.provider import (
    CHARGE_BACK,
    PAYMENT,
    Destination,
    FileLine,
    OrderStatus,
    ProviderAnswer,
    ProviderUnavailable,
)
from engine.services.payments.tables import simulated_order, simulator_rules
from engine.services.simulation import Chance
from engine.storage.database import Database, UnitOfWork

SIMULATOR = "simulator"
COST_BPS = 60
FAILURE = "declined"
DAY, CHARGE_BACK_AFTER = timedelta(days=1), timedelta(days=3)
FILE_FAULTS = ("missing", "late", "twice", "more", "less", "stranger")


@dataclass(frozen=True)
class SimulatorRules:
    """How the simulated world behaves. Each `_bps` is the share of orders it happens to, chosen by seed and key."""

    delay_seconds: int = 0  # how long an order stays pending
    failure_bps: int = 0
    lost_answer_bps: int = 0  # the order is accepted, but the caller never hears of it
    duplicate_bps: int = 0  # the provider reports the result twice
    file_fault_bps: int = 0  # the daily file is wrong about the order
    file_fault: str = ""  # how: one of FILE_FAULTS; empty: any, chosen as well
    charge_back_bps: int = 0  # the payer's bank takes a payment back some days later


def read_rules(connection: Connection) -> SimulatorRules:
    """The rules in force."""
    rules = connection.execute(select(simulator_rules.c.rules)).scalar_one_or_none()
    return SimulatorRules(**rules) if rules else SimulatorRules()


def change_rules(database: Database, rules: SimulatorRules) -> None:
    """Other rules for orders from now on."""

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(delete(simulator_rules))
        unit.connection.execute(insert(simulator_rules), {"id": 1, "rules": asdict(rules)})

    database.transact(work)


class EmbeddedSimulator:
    """See `PaymentProvider`. Each call is one transaction of its own, as if the provider were elsewhere."""

    name = SIMULATOR
    is_simulated = True

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self._chance = Chance(seed)

    def start_payment(self, key: str, amount_fen: int) -> ProviderAnswer:
        """See `PaymentProvider`."""
        return self._start("payment", key, amount_fen)

    def query_payment(self, key: str) -> ProviderAnswer | None:
        """See `PaymentProvider`."""
        return self._query("payment", key)

    def start_payout(self, key: str, amount_fen: int, destination: Destination) -> ProviderAnswer:
        """See `PaymentProvider`. An account number without a digit does not exist."""
        is_known = any(character.isdigit() for character in destination.account)
        return self._start("payout", key, amount_fen, "" if is_known else "account_unknown")

    def query_payout(self, key: str) -> ProviderAnswer | None:
        """See `PaymentProvider`."""
        return self._query("payout", key)

    def start_refund(self, key: str, amount_fen: int, payment_ref: str) -> ProviderAnswer:
        """See `PaymentProvider`."""
        return self._start("refund", key, amount_fen)

    def query_refund(self, key: str, payment_ref: str) -> ProviderAnswer | None:
        """See `PaymentProvider`."""
        return self._query("refund", key)

    def read_notice(self, fields: Mapping[str, str]) -> str | None:
        """See `PaymentProvider`. It sends none: whoever sends one is not it."""
        return None

    def read_file(self, start: datetime, end: datetime) -> list[FileLine]:
        """See `PaymentProvider`. With faults as the rules and the seed want them, the same at every reading."""
        with self._database.read() as connection:
            rules = read_rules(connection)
            ended, before, older = (
                self._read_ended(connection, start - ago, end - ago) for ago in (timedelta(), DAY, CHARGE_BACK_AFTER)
            )
        lines = [line for order in ended for line in self._lines_of(order, rules)]
        lines += [_line_of(order) for order in before if self._fault(order, rules) == "late"]
        for order in older:
            if order.kind == PAYMENT and self._chance.happens("charge_back", order.key, rules.charge_back_bps):
                lines.append(replace(_line_of(order), kind=CHARGE_BACK))
        return lines

    @staticmethod
    def _read_ended(connection: Connection, start: datetime, end: datetime) -> Sequence[Row[Any]]:
        is_ended = (simulated_order.c.ready_at >= start) & (simulated_order.c.ready_at < end)
        query = select(simulated_order).where(is_ended, simulated_order.c.failure.is_(None))
        return connection.execute(query.order_by(simulated_order.c.ready_at, simulated_order.c.key)).all()

    def _fault(self, order: Row[Any], rules: SimulatorRules) -> str | None:
        if not self._chance.happens("file", order.key, rules.file_fault_bps):
            return None
        return rules.file_fault or FILE_FAULTS[self._chance.draw("fault", order.key) % len(FILE_FAULTS)]

    def _lines_of(self, order: Row[Any], rules: SimulatorRules) -> list[FileLine]:
        line = _line_of(order)
        tenth_fen = max(1, line.amount_fen // 10)
        stranger = FileLine(PAYMENT, f"SIM-X{self._chance.draw('stranger', order.key) % 10**10:010}", line.amount_fen)
        return {
            None: [line],
            "missing": [],
            "late": [],
            "twice": [line, line],
            "more": [replace(line, amount_fen=line.amount_fen + tenth_fen)],
            "less": [replace(line, amount_fen=line.amount_fen - tenth_fen)],
            "stranger": [line, stranger],
        }[self._fault(order, rules)]

    def _start(self, kind: str, key: str, amount_fen: int, failure: str = "") -> ProviderAnswer:
        def work(unit: UnitOfWork) -> bool:
            known = update(simulated_order).where(simulated_order.c.key == key)
            if unit.connection.execute(known.values(requests=simulated_order.c.requests + 1)).rowcount:
                return False
            rules = read_rules(unit.connection)
            is_lost = self._chance.happens("lost", key, rules.lost_answer_bps)
            ready_at = unit.now + timedelta(seconds=rules.delay_seconds)
            row = {
                "key": key,
                "kind": kind,
                "amount_fen": amount_fen,
                "failure": failure or (FAILURE if self._chance.happens("fail", key, rules.failure_bps) else None),
                "is_answer_lost": int(is_lost),
                "requests": 1,
                "ready_at": ready_at,
            }
            unit.connection.execute(insert(simulated_order), row)
            if self._chance.happens("twice", key, rules.duplicate_bps):
                enqueue(unit.connection, unit.now, f"{kind}.poll", {"id": key}, due_at=ready_at)
            return is_lost

        if self._database.transact(work):
            raise ProviderUnavailable(f"Expected an answer to {kind} {key}, but none came")
        answer = self._query(kind, key)
        assert answer is not None
        return answer

    def _query(self, kind: str, key: str) -> ProviderAnswer | None:
        with self._database.read() as connection:
            order = connection.execute(
                select(simulated_order).where(simulated_order.c.key == key, simulated_order.c.kind == kind)
            ).one_or_none()
        if order is None:
            return None
        reference = f"SIM-{key}"
        if self._database.clock() < order.ready_at:
            return ProviderAnswer(OrderStatus.PENDING, SIMULATOR, reference)
        if order.failure:
            return ProviderAnswer(OrderStatus.FAILED, SIMULATOR, reference, failure=order.failure)
        cost_fen = share_of(order.amount_fen, COST_BPS) if kind == "payment" else 0
        return ProviderAnswer(OrderStatus.SUCCEEDED, SIMULATOR, reference, cost_fen=cost_fen)


def _line_of(order: Row[Any]) -> FileLine:
    return FileLine(order.kind, order.key, order.amount_fen)
