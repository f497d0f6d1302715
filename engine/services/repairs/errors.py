"""What is refused of a repair order."""

from engine.language.errors import EngineError


class RepairNotPossible(EngineError):
    """It cannot be done now, or what was sent of it is not fit."""

    def __init__(self, act: str) -> None:
        super().__init__(f"Expected an order of which one can {act}, but it is not so now", act=act)
