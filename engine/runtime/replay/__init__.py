"""Replay: a recorded case runs again, in memory, from what it was given; nothing is written, called or sent."""

from engine.runtime.replay.definitions import Definitions, Drafts, Target
from engine.runtime.replay.player import replay
from engine.runtime.replay.reading import read_cases
from engine.runtime.replay.recorded import RecordedCase
from engine.runtime.replay.results import Difference, Ending, Kind, Reason, Replay

__all__ = [
    "Definitions",
    "Difference",
    "Drafts",
    "Ending",
    "Kind",
    "Reason",
    "RecordedCase",
    "Replay",
    "Target",
    "read_cases",
    "replay",
]
