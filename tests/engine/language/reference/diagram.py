"""A random diagram, and what its blocks may use."""

from dataclasses import dataclass, replace
from functools import cached_property

from engine.language.parser import ProcessSpecs, parse_process
from engine.storage.plain import PlainDict
from tests.engine.diagrams import bpmn, declare, process
from tests.engine.language.reference.activities import Call
from tests.engine.language.reference.bodies import Body
from tests.engine.language.reference.interpreter import Run
from tests.engine.language.reference.strands import Steps

CODES = ("E1", "E2")  # of errors and of escalations
NAMES = ("M", "S", *CODES)  # messages, signals, errors and escalations are declared under each


@dataclass(frozen=True)
class Room:
    """What a block may use where it stands.

    `variables`: those it may write, which no branch beside it does. `errors`, `escalations`: the codes that are caught
    outside it. `is_repeated`: tokens of several firings may be in it at once; a join would mix them, and which of them
    wrote last would be told by more than the order in which they end. `is_watched`: an event sub-process sees it.
    """

    depth: int
    variables: tuple[str, ...]
    errors: tuple[str, ...] = ()
    escalations: tuple[str, ...] = ()
    is_repeated: bool = False
    is_looped: bool = False
    is_inclusive: bool = False
    is_watched: bool = False

    @property
    def inner(self) -> "Room":
        return replace(self, depth=self.depth - 1)

    @property
    def new_scope(self) -> "Room":
        """Joins inside a sub-process meet only tokens of its own."""
        return replace(self.inner, is_repeated=False, is_looped=False, is_inclusive=False, is_watched=False)


@dataclass(frozen=True)
class Diagram:
    """`data` are those a case starts with."""

    seed: int
    body: Body
    calls: tuple[Call, ...]
    data: PlainDict

    @cached_property
    def xml(self) -> bytes:
        processes = [call.draw_process() for call in self.calls]
        return bpmn(process("p", self.body.draw()), *processes, extra=declare(*NAMES))

    @property
    def called(self) -> tuple[str, ...]:
        return tuple(call.called for call in self.calls)

    @cached_property
    def specs(self) -> ProcessSpecs:
        return parse_process(dict.fromkeys(("p", *self.called), self.xml), "p")

    def run_process(self, run: Run) -> Steps:
        return self.body.run(run, None, self.data, is_case=True, outer=None)
