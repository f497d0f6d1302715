"""What the dispatch refuses. A take is refused with the errors of `engine.services.orders.errors`."""

from engine.language.errors import EngineError
from engine.storage.plain import Plain


class CourierRefused(EngineError):
    """A courier's profile, or his going on duty.

    `reason`: not_a_courier, same_person, not_certified, no_agreement, suspended, range, category, vehicle.
    """

    def __init__(self, reason: str, **facts: Plain) -> None:
        super().__init__(f"Expected a courier who may do this, but: {reason}", **facts)
        self.reason = reason

    @property
    def code(self) -> str:
        return f"courier_refused.{self.reason}"
