"""The ports to a company register, and to a bank that sends a small amount to an account."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Protocol, cast

from engine.storage.plain import PlainDict


class CompanyVerdict(StrEnum):
    """What a register says of a company."""

    PENDING = "pending"
    MATCH = "match"
    DIFFERS = "differs"
    UNKNOWN = "unknown"  # there is no company with this code
    DOWN = "down"  # the register is out of service


class TransferStatus(StrEnum):
    """Where a transfer stands at the bank."""

    PENDING = "pending"
    ARRIVED = "arrived"
    FAILED = "failed"


@dataclass(frozen=True)
class CompanyStatement:
    """What an enterprise says of itself and the register is asked about."""

    credit_code: str
    legal_name: str
    representative: str


@dataclass(frozen=True)
class CompanyAnswer:
    """The answer to one question. `differences`: which of legal_name, representative and state are not as stated."""

    verdict: CompanyVerdict
    register: str
    register_ref: str
    differences: tuple[str, ...] = ()

    def as_plain(self) -> PlainDict:
        """As a job hands it to its second half."""
        return asdict(self) | {"differences": [*self.differences]}

    @classmethod
    def of(cls, plain: PlainDict) -> "CompanyAnswer":
        """The answer again."""
        verdict = CompanyVerdict(str(plain["verdict"]))
        differences = tuple(str(one) for one in cast(list[str], plain["differences"]))
        return cls(verdict, str(plain["register"]), str(plain["register_ref"]), differences)


@dataclass(frozen=True)
class TransferAnswer:
    """How one transfer stands. `failure`: why it did not arrive, such as account_unknown."""

    status: TransferStatus
    bank: str
    bank_ref: str
    failure: str = ""

    def as_plain(self) -> PlainDict:
        """As a job hands it to its second half."""
        return dict(asdict(self))

    @classmethod
    def of(cls, plain: PlainDict) -> "TransferAnswer":
        """The answer again."""
        status, failure = TransferStatus(str(plain["status"])), str(plain["failure"])
        return cls(status, str(plain["bank"]), str(plain["bank_ref"]), failure)


class OutsideUnavailable(Exception):
    """No answer: whether the request arrived is unknown until it is queried by its key."""


class CompanyRegister(Protocol):
    """A register of companies. The `key` of a question is ours; a question costs money, so it is never put twice.

    Every call may raise OutsideUnavailable.
    """

    @property
    def is_simulated(self) -> bool:
        """Whether nobody is really looked up; pages must say so."""

    def start_check(self, key: str, statement: CompanyStatement) -> CompanyAnswer:
        """Asks whether what an enterprise says of itself is so."""

    def query_check(self, key: str) -> CompanyAnswer | None:
        """How the question stands; None if the register never got it."""


class TransferBank(Protocol):
    """The platform's own bank. The `key` of a transfer is ours; it is never ordered twice.

    Every call may raise OutsideUnavailable.
    """

    @property
    def is_simulated(self) -> bool:
        """Whether no money moves; pages must say so, and show what a statement would."""

    def start_transfer(self, key: str, account: str, holder: str, amount_fen: int) -> TransferAnswer:
        """Sends an amount to an account."""

    def query_transfer(self, key: str) -> TransferAnswer | None:
        """How the transfer stands; None if the bank never got it."""
