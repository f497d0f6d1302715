"""Blocks: parts of a diagram with one entry and one exit. Each says how it is drawn and what it means."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.storage.plain import PlainDict
from tests.engine.diagrams import (
    end,
    error,
    escalation,
    exclusive,
    flow,
    parameters,
    throw,
    user,
)
from tests.engine.language.reference.interpreter import At, ask
from tests.engine.language.reference.strands import Ask, Cancelled, Choice, Ended, Escalation, Steps, Thrown

THROWN = parameters({"x": "${x}"})  # what whatever is thrown carries


@dataclass(frozen=True)
class Drawing:
    """Elements and flows, and the elements a flow enters and leaves by."""

    first: str
    last: str
    body: str

    def __add__(self, other: "Drawing") -> "Drawing":
        return Drawing(self.first, other.last, self.body + other.body + flow(f"{self.last} {other.first}"))


class Block:
    name: str

    def draw(self) -> Drawing:
        raise NotImplementedError

    def run(self, at: At, data: PlainDict) -> Steps:
        """Gives the data at the exit."""
        raise NotImplementedError


@dataclass(frozen=True)
class Chain(Block):
    """One after the other."""

    name: str
    blocks: Sequence[Block]

    def draw(self) -> Drawing:
        drawing = self.blocks[0].draw()
        for block in self.blocks[1:]:
            drawing += block.draw()
        return drawing

    def run(self, at: At, data: PlainDict) -> Steps:
        for block in self.blocks:
            data = yield from block.run(at, data)
        return data


@dataclass(frozen=True)
class Asked:
    """A person says in `<name>_yes` which way to go.

    Whatever ends others comes behind one, so that at this moment nothing else moves that it could cut off.
    """

    name: str

    def draw(self, first: str, body: str, last: str | None = None) -> Drawing:
        """`first` is where yes leads to, `last` what goes on from there; none where nothing does."""
        gate, way = f"{self.name}g", f"{self.name}m"
        body += user(self.name) + exclusive(gate, f"{gate}d") + exclusive(way) + flow(f"{self.name} {gate}")
        body += flow(f"{gate} {first}", f"{self.name}_yes") + flow(f"{gate} {way}", element=f"{gate}d")
        return Drawing(self.name, way, body + ("" if last is None else flow(f"{last} {way}")))

    def run(self, at: At, data: PlainDict) -> Steps:
        """Gives the data and the answer."""

        def choose() -> Choice:
            return "complete", {f"{self.name}_yes": at.run.rnd.random() < 0.5, self.name: at.run.fresh()}

        with at.open(self.name, data) as token:
            _, values = yield from ask(token, Ask(choose))
        at.passes(f"{self.name}g")
        if not values[f"{self.name}_yes"]:
            at.passes(f"{self.name}m")
        return {**data, **values}, values[f"{self.name}_yes"]


@dataclass(frozen=True)
class ThrowingEnd(Block):
    """An end event that ends more than its own path, when somebody says so; `what`: error, cancel or terminate."""

    name: str
    what: str
    code: str

    def draw(self) -> Drawing:
        out = f"{self.name}o"
        kind = f"<bpmn:{self.what}EventDefinition/>"
        return Asked(self.name).draw(out, end(out, THROWN + error(f"x_{self.code}") if self.what == "error" else kind))

    def run(self, at: At, data: PlainDict) -> Steps:
        data, is_thrown = yield from Asked(self.name).run(at, data)
        if not is_thrown:
            return data
        at.end(f"{self.name}o", f"{self.what} end event")
        if self.what == "error":
            raise Thrown(self.code, {"x": data["x"]}, data, at.scope.known(data))
        if self.what == "cancel":
            raise Cancelled
        raise Ended(data)


@dataclass(frozen=True)
class Escalate(Block):
    """An intermediate event that escalates, when somebody says so."""

    name: str
    code: str

    def draw(self) -> Drawing:
        out = f"{self.name}o"
        return Asked(self.name).draw(out, throw(out, THROWN + escalation(f"c_{self.code}")), out)

    def run(self, at: At, data: PlainDict) -> Steps:
        data, is_thrown = yield from Asked(self.name).run(at, data)
        if is_thrown:
            at.passes(f"{self.name}o")
            at.run.count("escalation throw event")
            yield Escalation(self.code, {"x": data["x"]}, data)
            at.passes(f"{self.name}m")
        return data
