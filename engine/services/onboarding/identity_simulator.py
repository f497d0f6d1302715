"""The embedded identity register: looks nobody up, the same answers for the same seed, state kept in the database."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select, update

from engine.records.jobs import enqueue
from engine.services.ledger.fees import BPS
from engine.services.onboarding.identity_port import RegisterAnswer, RegisterUnavailable, Verdict
from engine.services.onboarding.person_tables import register_rules, simulated_check
from engine.storage.database import Database, UnitOfWork

SIMULATOR = "simulator"
SEQUENCE = slice(14, 17)  # the digits that tell people of one place and day apart
NUMBERS = {"404": Verdict.MISMATCH, "500": Verdict.UNCLEAR}
SLOW = "504"
SLOW_SECONDS = 7 * 86_400


@dataclass(frozen=True)
class RegisterRules:
    """How the simulated register behaves. Each `_bps` is the share of questions it happens to, by seed and key."""

    delay_seconds: int = 0  # how long an answer takes
    mismatch_bps: int = 0
    unclear_bps: int = 0
    lost_answer_bps: int = 0  # the question arrived, but whoever asked never hears of it
    duplicate_bps: int = 0  # the register reports its answer twice


def read_register_rules(connection: Connection) -> RegisterRules:
    """The rules in force."""
    rules = connection.execute(select(register_rules.c.rules)).scalar_one_or_none()
    return RegisterRules(**rules) if rules else RegisterRules()


def change_register_rules(database: Database, rules: RegisterRules) -> None:
    """Other rules for questions from now on."""

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(delete(register_rules))
        unit.connection.execute(insert(register_rules), {"id": 1, "rules": asdict(rules)})

    database.transact(work)


class EmbeddedRegister:
    """See `IdentityRegister`. Each call is one transaction of its own, as if the register were elsewhere.

    Some numbers choose their answer: those whose sequence is 404 never match, 500 is unclear, 504 takes a week.
    """

    name = SIMULATOR
    is_simulated = True

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self._seed = seed

    def start_check(self, key: str, name: str, number: str) -> RegisterAnswer:
        """See `IdentityRegister`."""

        def work(unit: UnitOfWork) -> bool:
            known = update(simulated_check).where(simulated_check.c.key == key)
            if unit.connection.execute(known.values(requests=simulated_check.c.requests + 1)).rowcount:
                return False
            rules = read_register_rules(unit.connection)
            is_lost = self._happens("lost", key, rules.lost_answer_bps)
            seconds = SLOW_SECONDS if number[SEQUENCE] == SLOW else rules.delay_seconds
            row = {
                "key": key,
                "verdict": self._judge(key, number, rules),
                "is_answer_lost": int(is_lost),
                "requests": 1,
                "ready_at": unit.now + timedelta(seconds=seconds),
            }
            unit.connection.execute(insert(simulated_check), row)
            if self._happens("twice", key, rules.duplicate_bps):
                enqueue(unit.connection, unit.now, "identity.poll", {"id": key}, due_at=unit.now)
            return is_lost

        if self._database.transact(work):
            raise RegisterUnavailable(f"Expected an answer to check {key}, but none came")
        answer = self.query_check(key)
        assert answer is not None
        return answer

    def query_check(self, key: str) -> RegisterAnswer | None:
        """See `IdentityRegister`."""
        with self._database.read() as connection:
            row = connection.execute(select(simulated_check).where(simulated_check.c.key == key)).one_or_none()
        if row is None:
            return None
        is_ready = self._database.clock() >= row.ready_at
        return RegisterAnswer(Verdict(row.verdict) if is_ready else Verdict.PENDING, SIMULATOR, f"SIM-{key}")

    def _judge(self, key: str, number: str, rules: RegisterRules) -> Verdict:
        if number[SEQUENCE] in NUMBERS:
            return NUMBERS[number[SEQUENCE]]
        if self._happens("mismatch", key, rules.mismatch_bps):
            return Verdict.MISMATCH
        return Verdict.UNCLEAR if self._happens("unclear", key, rules.unclear_bps) else Verdict.MATCH

    def _happens(self, what: str, key: str, share_bps: int) -> bool:
        drawn = hashlib.sha256(f"{self._seed}:{what}:{key}".encode()).digest()[:8]
        return int.from_bytes(drawn) % BPS < share_bps
