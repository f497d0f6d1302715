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
from tests.engine.language.reference.strands import Ask, Choice, Escalation, Group, Steps, Strand, Thrown, Token

PATIENCE = 16  # acts, before events that may happen again and again are left alone


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
        self.count_acts = self._numbers = 0
        self.watches: dict[Token, Watch] = {}
        _Root(self).begin_with(program.run_process(self))
        self.look_at_conditions()

    @property
    def is_done(self) -> bool:
        return self.data is not None

    def choose(self) -> tuple[Token, str, PlainDict]:
        """One of all acts that are possible now; after a while none that only makes more of them."""
        asking = [token for token in self.tokens if token.ask is not None]
        needed = [token for token in asking if not token.is_extra]
        token = self.rnd.choice(needed if needed and self.count_acts > PATIENCE else asking)
        assert token.ask is not None
        return token, *token.ask.choose()

    def act(self, token: Token, verb: str, values: PlainDict) -> None:
        """Do it, and all that follows from it."""
        self.completed, self.thrown, self.outcomes = [], [], set()
        self.count_acts += 1
        ask, strand = token.ask, token.strand
        assert ask is not None
        assert strand is not None
        token.ask = None
        if ask.due is not None:
            self.now = max(self.now, ask.due)
        strand.go(lambda steps: steps.send((verb, values)))
        self.look_at_conditions()

    def watch(self, at: "At", token: Token, name: str, has_held: bool) -> Steps:
        """Wait until a variable that can be seen comes true; one that has held must stop holding before."""
        if has_held or at.scope.visible(token.data).get(name) is not True:
            self.watches[token] = Watch(at.scope, name, has_held)
            try:
                yield token
            finally:
                del self.watches[token]
        return {}

    def look_at_conditions(self) -> None:
        while found := next((token for token, watch in self.watches.items() if watch.has_come_true()), None):
            assert found.strand is not None
            found.strand.go(next)

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


@dataclass
class Watch:
    """A condition over one variable."""

    scope: "Scope"
    name: str
    has_held: bool

    def has_come_true(self) -> bool:
        before, self.has_held = self.has_held, self.scope.visible(None).get(self.name) is True
        return self.has_held and not before


class _Root(Group):
    """Around the process itself."""

    def __init__(self, run: Run) -> None:
        super().__init__([])
        self.run = run

    def begin_with(self, steps: Steps) -> None:
        self.add(steps)

    def ended(self, strand: Strand, value: Any) -> None:
        self.run.data = value


class Listener(Protocol):
    """The start of an event sub-process."""

    @property
    def kind(self) -> str: ...

    @property
    def code(self) -> str: ...


class Scope(Group):
    """A process or sub-process: its main strand, what non-interrupting events and splits began beside it, and what
    listens for its event sub-processes.

    The data at its end are those of the main strand and what each other one changed, in the order they ended.
    """

    def __init__(self, token: Token | None, outer: "Scope | None", data: PlainDict) -> None:
        super().__init__([])
        self.token, self.outer, self.began_with = token, outer, data
        self.main: Strand | None = None
        self.bases: dict[Strand, PlainDict] = {}
        self.reactions: set[Strand] = set()
        self.listening: dict[Listener, Token] = {}
        self.listeners: set[Strand] = set()
        self.data = data
        self.changes: list[PlainDict] = []

    def prepare(self, listeners: Sequence[Steps], main: Steps) -> None:
        """What `begin` begins with; both need the scope already."""
        self.steps, self.main_steps = listeners, main

    def begin(self, owner: Strand | None) -> None:
        self.owner = owner
        for steps in self.steps:
            if self.main is None:  # else a condition that holds already has taken its place
                strand = Strand(steps, self)
                self.listeners.add(strand)
                self.strands.append(strand)
                strand.go(next)
        if self.main is None:
            self._begin_main(self.main_steps)

    def spawn(self, steps: Steps, data: PlainDict, is_reaction: bool = False) -> None:
        strand = Strand(steps, self)
        self.strands.append(strand)
        self.bases[strand] = data
        if is_reaction:
            self.reactions.add(strand)
        strand.go(next)

    def ended(self, strand: Strand, value: Any) -> None:
        self.strands.remove(strand)
        if strand in self.listeners:
            self._interrupt(value)
            return
        if strand in self.bases:
            self.changes.append(find_changes(self.bases.pop(strand), value))
        else:
            self.main, self.data = None, value
        if all(other in self.listeners for other in self.strands):
            self.finish(self.known(None))

    def failed(self, strand: Strand, why: Exception) -> None:
        found = self._find("error", why.code) if isinstance(why, Thrown) and strand not in self.reactions else None
        if found is None:
            super().failed(strand, why)
        else:
            assert isinstance(why, Thrown)
            self.strands.remove(strand)
            self._fire(found, why.values, why.known)

    def escalate(self, strand: Strand, escalation: Escalation) -> None:
        found = None if strand in self.reactions else self._find("escalation", escalation.code)
        if found is None:
            super().escalate(strand, escalation)
        else:
            self._fire(found, escalation.values, self.known(None))

    def current(self, own: PlainDict | None) -> PlainDict:
        """From outside only what it began with is to be seen."""
        assert self.token is not None
        return self.token.data

    def known(self, own: PlainDict | None) -> PlainDict:
        """What all that run in it and all that have ended know together."""
        data = self.data if self.main is None else self.main.current(own)
        running = [find_changes(base, strand.current(own)) for strand, base in self.bases.items()]
        return {name: value for part in (data, *self.changes, *running) for name, value in part.items()}

    def visible(self, own: PlainDict | None) -> PlainDict:
        """What is known, with what has changed around it since it began and it has not changed itself."""
        known = self.known(own)
        if self.outer is None or self.token is None:
            return known
        since = find_changes(self.token.data, self.outer.visible(None))
        before = self.began_with
        return known | {name: new for name, new in since.items() if before.get(name) == known.get(name)}

    def _begin_main(self, steps: Steps) -> None:
        self.main = Strand(steps, self)
        self.strands.append(self.main)
        self.main.go(next)

    def _interrupt(self, steps: Steps) -> None:
        """An event sub-process takes the place of all the rest."""
        for strand in self.strands:
            strand.stop()
        self.strands, self.bases, self.changes, self.listening = [], {}, [], {}
        self.listeners, self.reactions = set(), set()
        self._begin_main(steps)

    def _find(self, kind: str, code: str) -> Listener | None:
        found = [event for event in self.listening if event.kind == kind and event.code in ("", code)]
        return next((event for event in found if event.code), found[0] if found else None)

    def _fire(self, event: Listener, values: PlainDict, known: PlainDict) -> None:
        strand = self.listening[event].strand
        assert strand is not None
        strand.go(lambda steps: steps.send((values, known)))


@dataclass(frozen=True)
class At:
    """Where a block runs: in which process or sub-process, and inside which token. `is_case`: the case ends here."""

    run: Run
    token: Token | None
    scope: Scope
    is_case: bool

    def open(self, element: str, data: PlainDict, index: int | None = None, is_body: bool = False) -> Any:
        return self.run.token(Token(element, data, self.token, index, is_body))

    def passes(self, *elements: str) -> None:
        """What is done as soon as it is reached."""
        self.run.completed.extend(elements)

    def end(self, element: str, kind: str) -> None:
        """An end event is reached."""
        self.passes(element)
        self.run.count(kind)
        if self.is_case:
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

    def current(self, own: PlainDict | None) -> PlainDict:
        known = [*(token.data for token in self.arrived), *(strand.current(own) for strand in self.strands)]
        changes = [find_changes(self.base, data) for data in known]
        return {name: value for part in (self.base, *changes) for name, value in part.items()}


def find_changes(base: Mapping[str, Plain], data: PlainDict) -> PlainDict:
    """The variables a branch gave another value; no branch takes one away."""
    return {name: value for name, value in data.items() if name not in base or base[name] != value}
