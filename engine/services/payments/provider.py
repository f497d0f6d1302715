"""The port to a payment provider."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Protocol

from engine.storage.plain import PlainDict


class OrderStatus(StrEnum):
    """Where an order stands at the provider."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class ProviderAnswer:
    """What a provider says of one order. `cost_fen`: what it keeps, known once it succeeded."""

    status: OrderStatus
    provider: str
    provider_ref: str
    cost_fen: int = 0
    failure: str = ""

    def as_plain(self) -> PlainDict:
        """As a job hands it to its second half."""
        return dict(asdict(self))


@dataclass(frozen=True)
class Destination:
    """Where a payout goes: kind of account, its number, and who holds it."""

    kind: str
    account: str
    holder: str


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
