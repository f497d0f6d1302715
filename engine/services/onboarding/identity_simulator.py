"""The embedded identity register: looks nobody up, the same answers for the same seed, state kept in the database."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select

from engine.services.onboarding.identity_port import RegisterAnswer, RegisterUnavailable, Verdict
from engine.services.onboarding.person_tables import register_rules
from engine.services.onboarding.simulated_inquiries import AnswerLost, Inquiries, Outcome
from engine.services.simulation import Chance
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
        self._chance = Chance(seed)
        self._inquiries = Inquiries(database, self._chance, "identity", "identity.poll")

    def start_check(self, key: str, name: str, number: str) -> RegisterAnswer:
        """See `IdentityRegister`."""

        def judge(connection: Connection) -> Outcome:
            rules = read_register_rules(connection)
            seconds = SLOW_SECONDS if number[SEQUENCE] == SLOW else rules.delay_seconds
            return Outcome(self._judge(key, number, rules), seconds, rules.lost_answer_bps, rules.duplicate_bps)

        try:
            self._inquiries.start(key, judge)
        except AnswerLost as lost:
            raise RegisterUnavailable(str(lost)) from None
        answer = self.query_check(key)
        assert answer is not None
        return answer

    def query_check(self, key: str) -> RegisterAnswer | None:
        """See `IdentityRegister`."""
        row = self._inquiries.find(key)
        if row is None:
            return None
        verdict = Verdict.PENDING if self._inquiries.is_pending(row) else Verdict(row.answer)
        return RegisterAnswer(verdict, SIMULATOR, f"SIM-{key}")

    def _judge(self, key: str, number: str, rules: RegisterRules) -> Verdict:
        if number[SEQUENCE] in NUMBERS:
            return NUMBERS[number[SEQUENCE]]
        if self._chance.happens("mismatch", key, rules.mismatch_bps):
            return Verdict.MISMATCH
        return Verdict.UNCLEAR if self._chance.happens("unclear", key, rules.unclear_bps) else Verdict.MATCH
