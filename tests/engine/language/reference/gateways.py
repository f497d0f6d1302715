"""Gateways: one of several blocks, some of them, all at once, the first to happen, and the same again."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.storage.plain import PlainDict
from tests.engine.diagrams import end, exclusive, flow, inclusive, node, parallel, user
from tests.engine.language.reference.blocks import Block, Drawing
from tests.engine.language.reference.interpreter import At, Join, ask
from tests.engine.language.reference.strands import Ask, Choice, Group, Said, Steps
from tests.engine.language.reference.tasks import Catcher, ScriptTask


@dataclass(frozen=True)
class Condition:
    """What a flow asks for: `x` at least so much, or a variable that says yes or no."""

    limit: int | None = None
    variable: str = ""

    @property
    def text(self) -> str:
        return self.variable if self.limit is None else f"x >= {self.limit}"

    def holds(self, data: PlainDict) -> bool:
        if self.limit is None:
            return data[self.variable] is True
        x = data["x"]
        assert isinstance(x, int)
        return x >= self.limit


@dataclass(frozen=True)
class Deciding(Block):
    """An exclusive or inclusive gateway; the last block is behind its default flow, and may be empty."""

    name: str
    is_inclusive: bool
    conditions: Sequence[Condition]
    blocks: Sequence[Block]
    other: Block | None

    def draw(self) -> Drawing:
        make = inclusive if self.is_inclusive else exclusive
        fork, join, default = f"{self.name}f", f"{self.name}j", f"{self.name}d"
        body = make(fork, default) + make(join)
        for condition, block in zip(self.conditions, self.blocks, strict=True):
            drawing = block.draw()
            body += flow(f"{fork} {drawing.first}", condition.text) + drawing.body + flow(f"{drawing.last} {join}")
        if self.other is None:
            return Drawing(fork, join, body + flow(f"{fork} {join}", element=default))
        drawing = self.other.draw()
        body += flow(f"{fork} {drawing.first}", element=default) + drawing.body + flow(f"{drawing.last} {join}")
        return Drawing(fork, join, body)

    def run(self, at: At, data: PlainDict) -> Steps:
        at.passes(f"{self.name}f")
        at.run.count("inclusive gateway" if self.is_inclusive else "exclusive gateway")
        pairs = zip(self.conditions, self.blocks, strict=True)
        chosen = [block for condition, block in pairs if condition.holds(data)]
        if not chosen:
            chosen = [] if self.other is None else [self.other]
        if self.is_inclusive and chosen:
            data = yield Join(at, f"{self.name}j", data, [block.run(at, data) for block in chosen])
        elif chosen:
            data = yield from chosen[0].run(at, data)
        at.passes(f"{self.name}j")
        return data


@dataclass(frozen=True)
class Parallel(Block):
    """All branches at once. `last_wins`: the variable several may write, where each ends with a person's task."""

    name: str
    branches: Sequence[Block]
    last_wins: str
    is_looped: bool

    def draw(self) -> Drawing:
        fork, join = f"{self.name}f", f"{self.name}j"
        body = parallel(fork) + parallel(join, **({"baton__lastWins": self.last_wins} if self.last_wins else {}))
        for branch in self.branches:
            drawing = branch.draw()
            body += flow(f"{fork} {drawing.first}") + drawing.body + flow(f"{drawing.last} {join}")
        return Drawing(fork, join, body)

    def run(self, at: At, data: PlainDict) -> Steps:
        at.passes(f"{self.name}f")
        data = yield Join(at, f"{self.name}j", data, [branch.run(at, data) for branch in self.branches])
        at.passes(f"{self.name}j")
        at.run.count("parallel gateway")
        if self.is_looped:
            at.run.count("parallel join on a cycle")
        if self.last_wins:
            at.run.count("variable of which the last wins")
        return data


@dataclass(frozen=True)
class EventBased(Block):
    """The first of several events decides which block follows."""

    name: str
    events: Sequence[Catcher]
    blocks: Sequence[Block]

    def draw(self) -> Drawing:
        fork, join = f"{self.name}f", f"{self.name}j"
        body = node("eventBasedGateway", fork) + exclusive(join)
        for event, block in zip(self.events, self.blocks, strict=True):
            drawing = event.draw() + block.draw()
            body += flow(f"{fork} {drawing.first}") + drawing.body + flow(f"{drawing.last} {join}")
        return Drawing(fork, join, body)

    def run(self, at: At, data: PlainDict) -> Steps:
        at.passes(f"{self.name}f")
        place, data = yield Group([self._wait(at, data, place) for place in range(len(self.events))])
        kind = self.events[place].kind.split()[0].replace("receive", "message")
        at.run.count(f"event-based gateway, {kind}")
        data = yield from self.blocks[place].run(at, data)
        at.passes(f"{self.name}j")
        return data

    def _wait(self, at: At, data: PlainDict, place: int) -> Steps:
        data = yield from self.events[place].run(at, data)
        return place, data


@dataclass(frozen=True)
class Again(Block):
    """A loop made of gateways, which turns until what it counts is a multiple of three."""

    name: str
    block: Block
    counter: ScriptTask

    def draw(self) -> Drawing:
        top, again, default = f"{self.name}t", f"{self.name}a", f"{self.name}d"
        drawing = self.block.draw() + self.counter.draw()
        body = exclusive(top) + exclusive(again, default) + exclusive(f"{self.name}o") + drawing.body
        body += flow(f"{top} {drawing.first}") + flow(f"{drawing.last} {again}")
        body += flow(f"{again} {top}", f"{self.counter.variable} % 3 != 0")
        return Drawing(top, f"{self.name}o", body + flow(f"{again} {self.name}o", element=default))

    def run(self, at: At, data: PlainDict) -> Steps:
        at.run.count("loop by gateways")
        while True:
            at.passes(f"{self.name}t")
            data = yield from self.block.run(at, data)
            data = yield from self.counter.run(at, data)
            at.passes(f"{self.name}a")
            turn = data[self.counter.variable]
            assert isinstance(turn, int)
            if turn % 3 == 0:
                at.passes(f"{self.name}o")
                return data


@dataclass(frozen=True)
class Apart(Block):
    """A fork without a join: what is beside goes its own way to an end event of its own."""

    name: str
    beside: Block
    block: Block

    def draw(self) -> Drawing:
        fork, drawing, beside = f"{self.name}f", self.block.draw(), self.beside.draw()
        body = parallel(fork) + end(f"{self.name}e") + drawing.body + beside.body + flow(f"{fork} {drawing.first}")
        body += flow(f"{fork} {beside.first}") + flow(f"{beside.last} {self.name}e")
        return Drawing(fork, drawing.last, body)

    def run(self, at: At, data: PlainDict) -> Steps:
        at.passes(f"{self.name}f")
        at.run.count("branches that end each for itself")
        at.scope.spawn(self._go_apart(at, data), data)
        return (yield from self.block.run(at, data))

    def _go_apart(self, at: At, data: PlainDict) -> Steps:
        data = yield from self.beside.run(at, data)
        at.end(f"{self.name}e", "none end event")
        return data


@dataclass(frozen=True)
class Until(Block):
    """Somebody is asked again and again until he says yes; others watch what he says."""

    name: str

    @property
    def watched(self) -> str:
        return f"{self.name}w"

    def draw(self) -> Drawing:
        top, again, default, out = (f"{self.name}{letter}" for letter in "tado")
        body = exclusive(top) + user(self.name) + exclusive(again, default) + exclusive(out)
        body += flow(f"{top} {self.name} {again}") + flow(f"{again} {out}", self.watched)
        return Drawing(top, out, body + flow(f"{again} {top}", element=default))

    def run(self, at: At, data: PlainDict) -> Steps:
        def choose() -> Choice:
            return "complete", {self.watched: at.run.rnd.random() < 0.5, self.name: at.run.fresh()}

        while True:
            at.passes(f"{self.name}t")
            with at.open(self.name, data) as token:
                _, values = yield from ask(token, Ask(choose))
            data = {**data, **values}
            yield Said(data, at.run.look_at_conditions)
            at.passes(f"{self.name}a")
            if values[self.watched]:
                at.passes(f"{self.name}o")
                return data
