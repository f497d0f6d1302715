"""What a command on a hire order refuses."""

from engine.language.errors import EngineError
from engine.storage.plain import Plain


class AlreadyTaken(EngineError):
    """Somebody else has the order. The answer does not tell who."""

    def __init__(self, order_id: str) -> None:
        super().__init__("Expected an open order, but it was already taken", order_id=order_id)


class OrderNotOpen(EngineError):
    """The order cannot be taken: it is not on the market, or not any more."""

    def __init__(self, order_id: str) -> None:
        super().__init__("Expected an order on the market, but this one is not", order_id=order_id)


class NotEligible(EngineError):
    """The actor's party may not take this order, or publish one (publisher_suspended).

    `reason`: not_a_party, same_person, not_certified, no_agreement, suspended, own_order, related_party, excluded,
    kind_not_wanted, too_many_orders, publisher_suspended; of an errand also not_a_courier, professional_only,
    given_back, dedicated_held, off_duty, out_of_range.
    """

    def __init__(self, reason: str, **facts: Plain) -> None:
        super().__init__(f"Expected somebody who may take the order, but: {reason}", **facts)
        self.reason = reason

    @property
    def code(self) -> str:
        return f"not_eligible.{self.reason}"


class RequestNotPossible(EngineError):
    """What was asked of the order does not fit the state it is in."""

    def __init__(self, request: str, state: str) -> None:
        super().__init__(f"Expected an order that allows {request}, but it is {state}", request=request, state=state)
