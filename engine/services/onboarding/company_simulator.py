"""The embedded company register and bank: nobody is looked up, no money moves; the same answers for the same seed."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from engine.records.jobs import enqueue
from engine.services.ledger.fees import BPS
from engine.services.onboarding.company_ports import (
    CompanyAnswer,
    CompanyStatement,
    CompanyVerdict,
    OutsideUnavailable,
    TransferAnswer,
    TransferStatus,
)
from engine.services.onboarding.enterprise_tables import company_rules, simulated_inquiry
from engine.storage.database import Database, UnitOfWork

SIMULATOR = "simulator"
COMPANY, TRANSFER = "company", "transfer"
POLLS = {COMPANY: "company.poll", TRANSFER: "bank.poll"}
OWN_PART = slice(8, 11)  # the first digits of a code that a company has to itself
CODES = {"404": CompanyVerdict.UNKNOWN, "409": CompanyVerdict.DIFFERS, "503": CompanyVerdict.DOWN}
SLOW, SLOW_SECONDS = "504", 3_600
NO_ACCOUNT, ACCOUNT_UNKNOWN = "0404", "account_unknown"
DIFFERENCES = ("representative",)


@dataclass(frozen=True)
class CompanyRules:
    """How both behave. Each `_bps` is the share of requests it happens to, by seed and key."""

    delay_seconds: int = 0  # how long an answer of the register takes
    differs_bps: int = 0
    unknown_bps: int = 0
    down_bps: int = 0
    transfer_seconds: int = 0  # how long a transfer is under way
    transfer_failure_bps: int = 0
    lost_answer_bps: int = 0  # the request arrived, but whoever sent it never hears of it
    duplicate_bps: int = 0  # what became of it is reported twice


def read_company_rules(connection: Connection) -> CompanyRules:
    """The rules in force."""
    rules = connection.execute(select(company_rules.c.rules)).scalar_one_or_none()
    return CompanyRules(**rules) if rules else CompanyRules()


def change_company_rules(database: Database, rules: CompanyRules) -> None:
    """Other rules for requests from now on."""

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(delete(company_rules))
        unit.connection.execute(insert(company_rules), {"id": 1, "rules": asdict(rules)})

    database.transact(work)


Judge = Callable[[CompanyRules], tuple[str, int]]
"""How a request ends under the rules, and after how many seconds."""


class CompanySimulator:
    """See `CompanyRegister` and `TransferBank`. Each call is one transaction of its own, as if both were elsewhere.

    Some codes and accounts choose their answer: a credit code whose digits 9 to 11 are 404 is unknown, 409 has another
    representative, 503 finds the register out of service, 504 takes an hour; an account that ends with 0404 does not
    exist.
    """

    is_simulated = True

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self._seed = seed

    def start_check(self, key: str, statement: CompanyStatement) -> CompanyAnswer:
        """See `CompanyRegister`."""
        chosen = statement.credit_code[OWN_PART]

        def judge(rules: CompanyRules) -> tuple[str, int]:
            seconds = SLOW_SECONDS if chosen == SLOW else rules.delay_seconds
            return CODES.get(chosen) or self._judge(key, rules), seconds

        self._start(COMPANY, key, judge)
        answer = self.query_check(key)
        assert answer is not None
        return answer

    def query_check(self, key: str) -> CompanyAnswer | None:
        """See `CompanyRegister`."""
        row = self._find(COMPANY, key)
        if row is None:
            return None
        is_ready = self._database.clock() >= row.ready_at
        verdict = CompanyVerdict(row.answer) if is_ready else CompanyVerdict.PENDING
        differences = DIFFERENCES if verdict is CompanyVerdict.DIFFERS else ()
        return CompanyAnswer(verdict, SIMULATOR, f"SIM-{key}", differences)

    def start_transfer(self, key: str, account: str, holder: str, amount_fen: int) -> TransferAnswer:
        """See `TransferBank`."""

        def judge(rules: CompanyRules) -> tuple[str, int]:
            fails = account.endswith(NO_ACCOUNT) or self._happens("transfer", key, rules.transfer_failure_bps)
            return ACCOUNT_UNKNOWN if fails else TransferStatus.ARRIVED, rules.transfer_seconds

        self._start(TRANSFER, key, judge)
        answer = self.query_transfer(key)
        assert answer is not None
        return answer

    def query_transfer(self, key: str) -> TransferAnswer | None:
        """See `TransferBank`."""
        row = self._find(TRANSFER, key)
        if row is None:
            return None
        reference = f"SIM-{key}"
        if self._database.clock() < row.ready_at:
            return TransferAnswer(TransferStatus.PENDING, SIMULATOR, reference)
        if row.answer == TransferStatus.ARRIVED:
            return TransferAnswer(TransferStatus.ARRIVED, SIMULATOR, reference)
        return TransferAnswer(TransferStatus.FAILED, SIMULATOR, reference, failure=row.answer)

    def _start(self, kind: str, key: str, judge: Judge) -> None:
        def work(unit: UnitOfWork) -> bool:
            known = update(simulated_inquiry).where(simulated_inquiry.c.key == key)
            if unit.connection.execute(known.values(requests=simulated_inquiry.c.requests + 1)).rowcount:
                return False
            rules = read_company_rules(unit.connection)
            is_lost = self._happens("lost", key, rules.lost_answer_bps)
            answer, seconds = judge(rules)
            row = {
                "key": key,
                "kind": kind,
                "answer": answer,
                "is_answer_lost": int(is_lost),
                "requests": 1,
                "ready_at": unit.now + timedelta(seconds=seconds),
            }
            unit.connection.execute(insert(simulated_inquiry), row)
            if self._happens("twice", key, rules.duplicate_bps):
                enqueue(unit.connection, unit.now, POLLS[kind], {"id": key}, due_at=unit.now)
            return is_lost

        if self._database.transact(work):
            raise OutsideUnavailable(f"Expected an answer to {kind} {key}, but none came")

    def _find(self, kind: str, key: str) -> Row[Any] | None:
        query = select(simulated_inquiry).where(simulated_inquiry.c.key == key, simulated_inquiry.c.kind == kind)
        with self._database.read() as connection:
            return connection.execute(query).one_or_none()

    def _judge(self, key: str, rules: CompanyRules) -> CompanyVerdict:
        for verdict, share_bps in (
            (CompanyVerdict.DOWN, rules.down_bps),
            (CompanyVerdict.UNKNOWN, rules.unknown_bps),
            (CompanyVerdict.DIFFERS, rules.differs_bps),
        ):
            if self._happens(verdict, key, share_bps):
                return verdict
        return CompanyVerdict.MATCH

    def _happens(self, what: str, key: str, share_bps: int) -> bool:
        drawn = hashlib.sha256(f"{self._seed}:{what}:{key}".encode()).digest()[:8]
        return int.from_bytes(drawn) % BPS < share_bps
