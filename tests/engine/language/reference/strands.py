"""What a reference run is made of: strands that run at once, in groups that end together. Nothing of the engine.

A strand is a generator. It yields what it waits for: a token somebody must act on, a group of other strands, or an
escalation that is to find its way outwards. What is raised in it ends the group it belongs to.
"""

import inspect
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.storage.plain import PlainDict

Steps = Generator[Any, Any, Any]
Choice = tuple[str, PlainDict]


class Thrown(Exception):
    """A business error on its way to whoever catches its code.

    `data` are those of the element it comes from, `known` what the scope it just is in knew together at that moment.
    """

    def __init__(self, code: str, values: PlainDict, data: PlainDict, known: PlainDict) -> None:
        super().__init__(code)
        self.code, self.values, self.data, self.known = code, values, data, known


class Cancelled(Exception):
    """A cancel end event on its way to the boundary of its transaction."""


class Ended(Exception):
    """A terminate end event: its scope ends with its data."""

    def __init__(self, data: PlainDict) -> None:
        super().__init__()
        self.data = data


@dataclass(frozen=True)
class Ask:
    """What may come from outside: `choose` gives a verb and its values; `wait` is a subscription (kind, name, key)."""

    choose: Callable[[], Choice]
    wait: tuple[str, str, str] | None = None
    due: datetime | None = None


@dataclass(eq=False)
class Token:
    """An open element. `scope`: the sub-process or call activity it lives in; `ask`: none while it waits for others;
    `is_extra`: the run comes to its end without it."""

    element: str
    data: PlainDict
    scope: "Token | None"
    index: int | None = None
    is_body: bool = False
    ask: Ask | None = None
    is_extra: bool = False
    strand: "Strand | None" = field(default=None, repr=False)

    def begin(self, strand: "Strand") -> None:
        self.strand = strand

    def stop(self) -> None:
        self.strand = None

    def current(self, own: PlainDict | None) -> PlainDict:
        return self.data


@dataclass(frozen=True)
class Escalation:
    """Yielded by what throws it; whoever catches it may end the thrower, who otherwise goes on."""

    code: str
    values: PlainDict
    data: PlainDict

    def begin(self, strand: "Strand") -> None:
        strand.group.escalate(strand, self)
        if not strand.is_over:
            strand.go(next)

    def stop(self) -> None:
        """Nothing to stop."""

    def current(self, own: PlainDict | None) -> PlainDict:
        return self.data


@dataclass(frozen=True)
class Said:
    """Yielded where a variable that is watched has changed: who waits for that goes first."""

    data: PlainDict
    look: Callable[[], None]

    def begin(self, strand: "Strand") -> None:
        self.look()
        if not strand.is_over:
            strand.go(next)

    def stop(self) -> None:
        """Nothing to stop."""

    def current(self, own: PlainDict | None) -> PlainDict:
        return self.data


class Silence:
    """What a strand waits for that listens no more."""

    def begin(self, strand: "Strand") -> None:
        """Nothing will come."""

    def stop(self) -> None:
        """Nothing to stop."""

    def current(self, own: PlainDict | None) -> PlainDict:
        return {}


class Strand:
    def __init__(self, steps: Steps, group: "Group") -> None:
        self.steps, self.group = steps, group
        self.waits_for: Token | Group | Escalation | Said | Silence | None = None
        self.is_over = False

    def go(self, act: Callable[[Steps], Any]) -> None:
        """Go on until the next wait."""
        try:
            self.waits_for = act(self.steps)
        except StopIteration as end:
            self.is_over = True
            self.group.ended(self, end.value)
        except (Thrown, Cancelled, Ended) as why:
            self.is_over = True
            self.group.failed(self, why)
        else:
            assert self.waits_for is not None
            self.waits_for.begin(self)

    def stop(self) -> None:
        """From the inside out."""
        if not self.is_over:
            self.is_over = True
            if self.waits_for is not None:
                self.waits_for.stop()
            self.steps.close()

    def current(self, own: PlainDict | None) -> PlainDict:
        """Its data at this moment; `own` are those of the one that runs just now and asks."""
        if inspect.getgeneratorstate(self.steps) == inspect.GEN_RUNNING:
            assert own is not None
            return own
        assert self.waits_for is not None
        return self.waits_for.current(own)


class Group:
    """Strands that run at once; whoever raises ends the others. Here: the first to end is the result."""

    def __init__(self, steps: Sequence[Steps]) -> None:
        self.steps = steps
        self.strands: list[Strand] = []
        self.is_over = False
        self.owner: Strand | None = None

    def begin(self, owner: Strand | None) -> None:
        self.owner = owner
        for steps in self.steps:
            if not self.is_over:
                self.add(steps)

    def add(self, steps: Steps) -> None:
        strand = Strand(steps, self)
        self.strands.append(strand)
        strand.go(next)

    def ended(self, strand: Strand, value: Any) -> None:
        """One has ended."""
        self.strands.remove(strand)
        self.finish(value)

    def failed(self, strand: Strand, why: Exception) -> None:
        self.stop()
        assert self.owner is not None
        self.owner.go(lambda steps: steps.throw(why))

    def escalate(self, strand: Strand, escalation: Escalation) -> None:
        if self.owner is not None:
            self.owner.group.escalate(self.owner, escalation)

    def finish(self, value: Any) -> None:
        self.stop()
        assert self.owner is not None
        self.owner.go(lambda steps: steps.send(value))

    def stop(self) -> None:
        self.is_over = True
        for strand in self.strands:
            strand.stop()

    def current(self, own: PlainDict | None) -> PlainDict:
        """What the strand that waits for it has to show meanwhile."""
        return self.strands[0].current(own)


class Inside(Group):
    """One turn of a repetition: what happens in it is not to be seen outside of its body."""

    def __init__(self, body: Token, steps: Steps) -> None:
        super().__init__([steps])
        self.body = body

    def current(self, own: PlainDict | None) -> PlainDict:
        return self.body.data
