"""The port to a payment provider."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, cast

from engine.storage.plain import PlainDict

PAYMENT, PAYOUT, REFUND, CHARGE_BACK = "payment", "payout", "refund", "charge_back"


class OrderStatus(StrEnum):
    """Where an order stands at the provider."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class ProviderAnswer:
    """What a provider says of one order. `cost_fen`: what it keeps, known once it succeeded. `pay_code`: what the payer
    scans or opens to pay, as long as the order is pending; empty where there is nothing to do."""

    status: OrderStatus
    provider: str
    provider_ref: str
    cost_fen: int = 0
    failure: str = ""
    pay_code: str = ""

    def as_plain(self) -> PlainDict:
        """As a job hands it to its second half."""
        return dict(asdict(self))


@dataclass(frozen=True)
class Destination:
    """Where a payout goes: kind of account, its number, and who holds it."""

    kind: str
    account: str
    holder: str


@dataclass(frozen=True)
class FileLine:
    """A line of a provider's daily file. `kind`: payment, payout, refund or charge_back.

    `reference` is our key of the order, of a charge-back that of the payment; the provider's own where it has none.
    """

    kind: str
    reference: str
    amount_fen: int

    def as_plain(self) -> PlainDict:
        """As a job hands it to its second half."""
        return dict(asdict(self))

    @classmethod
    def of(cls, plain: PlainDict) -> "FileLine":
        """The line again."""
        return cls(str(plain["kind"]), str(plain["reference"]), cast(int, plain["amount_fen"]))


class ProviderUnavailable(Exception):
    """No answer: whether the order was accepted is unknown until it is queried by its key."""


class PaymentProvider(Protocol):
    """A provider of payments. The `key` of an order is ours; a second order with the same key must never be placed.

    Every call may raise ProviderUnavailable.
    """

    @property
    def name(self) -> str:
        """Names the account `psp:<name>`."""

    @property
    def is_simulated(self) -> bool:
        """Whether no real money moves; pages must say so."""

    def start_payment(self, key: str, amount_fen: int) -> ProviderAnswer:
        """Asks the payer for money."""

    def query_payment(self, key: str) -> ProviderAnswer | None:
        """How the payment stands; None if the provider never got the order."""

    def start_payout(self, key: str, amount_fen: int, destination: Destination) -> ProviderAnswer:
        """Sends money out."""

    def query_payout(self, key: str) -> ProviderAnswer | None:
        """How the payout stands; None if the provider never got the order."""

    def start_refund(self, key: str, amount_fen: int, payment_ref: str) -> ProviderAnswer:
        """Sends money back by the way a payment came; `payment_ref` is the provider's reference of that payment."""

    def query_refund(self, key: str, payment_ref: str) -> ProviderAnswer | None:
        """How the refund stands; None if the provider never got the order."""

    def read_notice(self, fields: Mapping[str, str]) -> str | None:
        """The key of the payment that a notice from outside is about; None unless the provider signed it."""

    def read_file(self, start: datetime, end: datetime) -> list[FileLine]:
        """What the provider's own books say of everything that ended between two instants, once they are past."""
