"""How a job handler of a service comes to the engine it runs on."""

from typing import Protocol, cast

from engine.definitions.registry import JobRun
from engine.runtime.engine import Engine


class EngineRun(JobRun, Protocol):
    """A job run as the engine hands it out: with the engine itself, which the registry must not know."""

    @property
    def engine(self) -> Engine: ...


def engine_of(run: JobRun) -> Engine:
    """The engine a job runs on."""
    return cast(EngineRun, run).engine
