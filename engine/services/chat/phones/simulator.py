"""The embedded phone provider: nothing rings. The same numbers and calls for the same seed, kept in the database."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from engine.services.chat.phones.port import Bond, CallState, Outcome, PhoneUnavailable
from engine.services.chat.tables import phone_rules, simulated_bond
from engine.services.simulation import Chance
from engine.storage.database import Database, UnitOfWork

SIMULATOR = "simulator"
PREFIX = "1700000"  # of numbers that no operator gives out
RINGS, SPEAKS = (4, 25), (8, 180)  # seconds, least and most


@dataclass(frozen=True)
class PhoneRules:
    """How the simulated provider behaves. Each `_bps` is the share it happens to, chosen by seed and key."""

    is_down: bool = False  # it answers nothing
    delay_seconds: int = 0  # how long it takes to find a number
    refused_bps: int = 0  # of bonds, at each attempt: no number is free just then
    lost_answer_bps: int = 0  # the bond is made, but whoever asked never hears of it
    missed_bps: int = 2_500  # of calls: nobody answers


def read_phone_rules(connection: Connection) -> PhoneRules:
    """The rules in force."""
    rules = connection.execute(select(phone_rules.c.rules)).scalar_one_or_none()
    return PhoneRules(**rules) if rules else PhoneRules()


def change_phone_rules(database: Database, rules: PhoneRules) -> None:
    """Other rules from now on."""

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(delete(phone_rules))
        unit.connection.execute(insert(phone_rules), {"id": 1, "rules": asdict(rules)})

    database.transact(work)


class EmbeddedPhones:
    """See `PhoneProvider`. Each call is a transaction of its own, as if the provider were elsewhere."""

    name = SIMULATOR
    is_simulated = True

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self._chance = Chance(seed)

    def bind(self, key: str, first: str, second: str, until: datetime) -> Bond:
        """See `PhoneProvider`. What it is given of the two numbers it keeps nowhere."""

        def work(unit: UnitOfWork) -> str | None:
            rules = read_phone_rules(unit.connection)
            known = update(simulated_bond).where(simulated_bond.c.key == key)
            counted = known.values(requests=simulated_bond.c.requests + 1)
            found = unit.connection.execute(
                counted.returning(simulated_bond.c.number, simulated_bond.c.ready_at)
            ).one_or_none()
            if rules.is_down or self._refuses(key, unit.now, rules):
                return None
            if found is not None:
                return str(found.number) if found.ready_at <= unit.now else None
            number = self._make(unit, key, until, rules)
            is_lost = self._chance.happens("lost", key, rules.lost_answer_bps)
            return None if is_lost or rules.delay_seconds else number

        number = self._database.transact(work)
        if number is None:
            raise PhoneUnavailable(f"Expected a number for bond {key}, but the provider gave none")
        return Bond(key, number)

    def _refuses(self, key: str, now: datetime, rules: PhoneRules) -> bool:
        return self._chance.happens("refused", f"{key}:{now.isoformat()}", rules.refused_bps)

    def _make(self, unit: UnitOfWork, key: str, until: datetime, rules: PhoneRules) -> str:
        number = f"{PREFIX}{self._chance.draw('number', key) % 10_000:04}"
        ready_at = unit.now + timedelta(seconds=rules.delay_seconds)
        row = {"key": key, "number": number, "requests": 1, "ready_at": ready_at, "ends_at": until}
        unit.connection.execute(insert(simulated_bond), row)
        return number

    def release(self, bond: Bond) -> None:
        """See `PhoneProvider`."""

        def work(unit: UnitOfWork) -> bool:
            ended = update(simulated_bond).where(simulated_bond.c.key == bond.ref, simulated_bond.c.ends_at > unit.now)
            is_down = read_phone_rules(unit.connection).is_down
            if not is_down:
                unit.connection.execute(ended.values(ends_at=unit.now))
            return is_down

        if self._database.transact(work):
            raise PhoneUnavailable(f"Expected bond {bond.ref} to be released, but the provider does not answer")

    def ask_call(self, bond: Bond, key: str, since: datetime) -> CallState:
        """See `PhoneProvider`. It rings a while; most are answered, and then they speak a while."""
        with self._database.read() as connection:
            rules = read_phone_rules(connection)
        if rules.is_down:
            raise PhoneUnavailable(f"Expected the state of call {key}, but the provider does not answer")
        rings, speaks = (self._between(what, key, span) for what, span in (("rings", RINGS), ("speaks", SPEAKS)))
        is_missed = self._chance.happens("missed", key, rules.missed_bps)
        over = since + timedelta(seconds=rings if is_missed else rings + speaks)
        if self._database.clock() < over:
            return CallState(Outcome.BEGUN)
        return CallState(Outcome.MISSED) if is_missed else CallState(Outcome.ANSWERED, speaks)

    def _between(self, what: str, key: str, span: tuple[int, int]) -> int:
        least, most = span
        return least + self._chance.draw(what, key) % (most - least + 1)
