"""What a command on a case refuses."""

from engine.language.errors import EngineError


class CaseNotPossible(EngineError):
    """No case can be opened about this now. `reason`: running, too_late, open_already."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Expected something a case can be opened about, but: {reason}", reason=reason)
        self.reason = reason

    @property
    def code(self) -> str:
        return f"case_not_possible.{self.reason}"


class CaseClosed(EngineError):
    """What was asked of the case does not fit the state it is in."""

    def __init__(self, request: str, state: str) -> None:
        super().__init__(f"Expected a case that allows {request}, but it is {state}", request=request, state=state)
