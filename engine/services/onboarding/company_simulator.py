"""The embedded company register and bank: nobody is looked up, no money moves; the same answers for the same seed."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select

from engine.services.onboarding.company_ports import (
    CompanyAnswer,
    CompanyStatement,
    CompanyVerdict,
    OutsideUnavailable,
    TransferAnswer,
    TransferStatus,
)
from engine.services.onboarding.enterprise_tables import company_rules
from engine.services.onboarding.simulated_inquiries import AnswerLost, Inquiries, Outcome
from engine.services.simulation import Chance
from engine.storage.database import Database, UnitOfWork

SIMULATOR = "simulator"
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


class CompanySimulator:
    """See `CompanyRegister` and `TransferBank`. Each call is one transaction of its own, as if both were elsewhere.

    Some codes and accounts choose their answer: a credit code whose digits 9 to 11 are 404 is unknown, 409 has another
    representative, 503 finds the register out of service, 504 takes an hour; an account that ends with 0404 does not
    exist.
    """

    is_simulated = True

    def __init__(self, database: Database, seed: int) -> None:
        self._chance = Chance(seed)
        self._companies = Inquiries(database, self._chance, "company", "company.poll")
        self._transfers = Inquiries(database, self._chance, "transfer", "bank.poll")

    def start_check(self, key: str, statement: CompanyStatement) -> CompanyAnswer:
        """See `CompanyRegister`."""
        chosen = statement.credit_code[OWN_PART]

        def judge(connection: Connection) -> Outcome:
            rules = read_company_rules(connection)
            seconds = SLOW_SECONDS if chosen == SLOW else rules.delay_seconds
            verdict = CODES.get(chosen) or self._judge(key, rules)
            return Outcome(verdict, seconds, rules.lost_answer_bps, rules.duplicate_bps)

        _start(self._companies, key, judge)
        answer = self.query_check(key)
        assert answer is not None
        return answer

    def query_check(self, key: str) -> CompanyAnswer | None:
        """See `CompanyRegister`."""
        row = self._companies.find(key)
        if row is None:
            return None
        verdict = CompanyVerdict.PENDING if self._companies.is_pending(row) else CompanyVerdict(row.answer)
        differences = DIFFERENCES if verdict is CompanyVerdict.DIFFERS else ()
        return CompanyAnswer(verdict, SIMULATOR, f"SIM-{key}", differences)

    def start_transfer(self, key: str, account: str, holder: str, amount_fen: int) -> TransferAnswer:
        """See `TransferBank`."""

        def judge(connection: Connection) -> Outcome:
            rules = read_company_rules(connection)
            fails = account.endswith(NO_ACCOUNT) or self._chance.happens("transfer", key, rules.transfer_failure_bps)
            answer = ACCOUNT_UNKNOWN if fails else TransferStatus.ARRIVED
            return Outcome(answer, rules.transfer_seconds, rules.lost_answer_bps, rules.duplicate_bps)

        _start(self._transfers, key, judge)
        answer = self.query_transfer(key)
        assert answer is not None
        return answer

    def query_transfer(self, key: str) -> TransferAnswer | None:
        """See `TransferBank`."""
        row = self._transfers.find(key)
        if row is None:
            return None
        reference = f"SIM-{key}"
        if self._transfers.is_pending(row):
            return TransferAnswer(TransferStatus.PENDING, SIMULATOR, reference)
        if row.answer == TransferStatus.ARRIVED:
            return TransferAnswer(TransferStatus.ARRIVED, SIMULATOR, reference)
        return TransferAnswer(TransferStatus.FAILED, SIMULATOR, reference, failure=row.answer)

    def _judge(self, key: str, rules: CompanyRules) -> CompanyVerdict:
        for verdict, share_bps in (
            (CompanyVerdict.DOWN, rules.down_bps),
            (CompanyVerdict.UNKNOWN, rules.unknown_bps),
            (CompanyVerdict.DIFFERS, rules.differs_bps),
        ):
            if self._chance.happens(verdict, key, share_bps):
                return verdict
        return CompanyVerdict.MATCH


def _start(inquiries: Inquiries, key: str, judge: Callable[[Connection], Outcome]) -> None:
    try:
        inquiries.start(key, judge)
    except AnswerLost as lost:
        raise OutsideUnavailable(str(lost)) from None
