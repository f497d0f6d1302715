"""What a command on an errand refuses."""

from engine.language.errors import EngineError


class MayNotOrder(EngineError):
    """The actor may not order an errand; `reason`: not_a_party, suspended."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Expected somebody who may order an errand, but: {reason}")
        self.reason = reason

    @property
    def code(self) -> str:
        return f"may_not_order.{self.reason}"


class RequestNotPossible(EngineError):
    """What was asked of the errand does not fit the state it is in, or comes too early."""

    def __init__(self, request: str, state: str) -> None:
        super().__init__(f"Expected an errand that allows {request}, but it is {state}", request=request, state=state)
