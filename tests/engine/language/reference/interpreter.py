"""A run of a diagram by the reference: what is open, what may happen, what has completed, and the data.

It reads blocks as structured programs, where the engine moves tokens along flows: what is inside a block ends with it,
and data go in at its entry and come out at its exit.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from engine.storage.plain import Plain, PlainDict
from tests.engine.language.reference.strands import Ask, Choice, Group, Steps, Strand, Token


class Program(Protocol):
    def run_process(self, run: "Run") -> Steps: ...


class Run:
    """One run. Everything random in it comes from `rnd`, so that a seed and an order tell it completely."""

    def __init__(self, program: Program, now: datetime, rnd: random.Random) -> None:
        self.rnd, self.now = rnd, now
        self.tokens: list[Token] = []
        self.completed: list[str] = []
        self.thrown: list[tuple[str, str, PlainDict]] = []
        self.kinds = Counter[str]()
        self.data: PlainDict | None = None
        self.outcomes: set[str] = set()
        self._numbers = 0
        _Root(self).begin_with(program.run_process(self))

    @property
    def is_done(self) -> bool:
        return self.data is not None

    def choose(self) -> tuple[Token, str, PlainDict]:
        """One of all acts that are possible now."""
        token = self.rnd.choice([token for token in self.tokens if token.ask is not None])
        assert token.ask is not None
        return token, *token.ask.choose()

    def act(self, token: Token, verb: str, values: PlainDict) -> None:
        """Do it, and all that follows from it."""
        self.completed, self.thrown, self.outcomes = [], [], set()
        ask, strand = token.ask, token.strand
        assert ask is not None
        assert strand is not None
        token.ask = None
        if ask.due is not None:
            self.now = max(self.now, ask.due)
        strand.go(lambda steps: steps.send((verb, values)))

    def fresh(self) -> Plain:
        """A value that no other is equal to."""
        self._numbers += 1
        number = self._numbers
        values: list[Plain] = [number, f"text {number}", [number, None], {"deep": {"number": number}}]
        return self.rnd.choice(values)

    @contextmanager
    def token(self, token: Token) -> Iterator[Token]:
        """Open as long as what is inside runs; completed unless it is left by an exception."""
        self.tokens.append(token)
        try:
            yield token
        finally:
            self.tokens.remove(token)
        self.completed.append(token.element)

    def count(self, *kinds: str) -> None:
        self.kinds.update(kinds)


class _Root(Group):
    """Around the process itself."""

    def __init__(self, run: Run) -> None:
        super().__init__([])
        self.run = run

    def begin_with(self, steps: Steps) -> None:
        self.add(steps)

    def ended(self, strand: Strand, value: Any) -> None:
        self.run.data = value


class Scope(Group):
    """A process or sub-process: its main strand, and what non-interrupting events and splits began beside it.

    The data at its end are those of the main strand and what each other one changed, in the order they ended.
    """

    def __init__(self) -> None:
        super().__init__([])
        self.bases: dict[Strand, PlainDict] = {}
        self.data: PlainDict = {}
        self.changes: list[PlainDict] = []

    def spawn(self, steps: Steps, data: PlainDict) -> None:
        strand = Strand(steps, self)
        self.strands.append(strand)
        self.bases[strand] = data
        strand.go(next)

    def ended(self, strand: Strand, value: Any) -> None:
        self.strands.remove(strand)
        if strand in self.bases:
            self.changes.append(find_changes(self.bases[strand], value))
        else:
            self.data = value
        if not self.strands:
            self.finish({name: value for part in (self.data, *self.changes) for name, value in part.items()})


@dataclass(frozen=True)
class At:
    """Where a block runs: in which process or sub-process, and inside which token."""

    run: Run
    token: Token | None
    scope: Scope

    def open(self, element: str, data: PlainDict, index: int | None = None, is_body: bool = False) -> Any:
        return self.run.token(Token(element, data, self.token, index, is_body))

    def passes(self, *elements: str) -> None:
        """What is done as soon as it is reached."""
        self.run.completed.extend(elements)

    def end(self, element: str, kind: str) -> None:
        """An end event is reached."""
        self.passes(element)
        self.run.count(kind)
        if self.token is None:
            self.run.outcomes.add(element)

    def throw(self, kind: str, data: PlainDict) -> None:
        """A message or signal goes out with what it maps, correlated by what `key` is in every scope."""
        if kind != "none":
            name, key = ("M", str(data["key"])) if kind == "message" else ("S", "")
            self.run.thrown.append((name, key, {"x": data["x"]}))


def ask(token: Token, what: Ask) -> Steps:
    """Wait until somebody acts on the token."""
    token.ask = what
    result: Choice = yield token
    return result


def hold(at: At, token: Token, is_async: bool) -> Steps:
    """`asyncBefore`."""
    if is_async:
        yield from ask(token, Ask(lambda: ("release", {})))
        at.run.count("asyncBefore")


class Join(Group):
    """Branches that meet: their data merged against the fork, the later arrival winning where it may."""

    def __init__(self, at: At, element: str, base: PlainDict, branches: Sequence[Steps]) -> None:
        super().__init__(branches)
        self.at, self.element, self.base = at, element, base
        self.arrived: list[Token] = []

    def ended(self, strand: Strand, value: Any) -> None:
        self.strands.remove(strand)
        self.arrived.append(Token(self.element, value, self.at.token))
        self.at.run.tokens.append(self.arrived[-1])
        if len(self.arrived) == len(self.steps):
            changes = [find_changes(self.base, token.data) for token in self.arrived]
            self.finish({name: value for part in (self.base, *changes) for name, value in part.items()})

    def stop(self) -> None:
        super().stop()
        for token in self.arrived:
            self.at.run.tokens.remove(token)
        self.arrived = []


def find_changes(base: Mapping[str, Plain], data: PlainDict) -> PlainDict:
    """The variables a branch gave another value; no branch takes one away."""
    return {name: value for name, value in data.items() if name not in base or base[name] != value}
