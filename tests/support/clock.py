"""The clock of the tests is that of the scenarios: it moves only when it is told to."""

from engine.scenarios.clock import START, ManualClock

__all__ = ["START", "ManualClock"]
