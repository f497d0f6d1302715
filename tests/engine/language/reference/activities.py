"""What has something inside or around it: sub-processes, transactions, calls, boundary events."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.storage.plain import PlainDict
from tests.engine.diagrams import (
    boundary,
    call,
    end,
    exclusive,
    flow,
    mapping,
    node,
    process,
)
from tests.engine.language.reference.blocks import Block, Drawing
from tests.engine.language.reference.bodies import Body, run_inside
from tests.engine.language.reference.interpreter import At
from tests.engine.language.reference.strands import Cancelled, Escalation, Group, Silence, Steps, Strand, Thrown, Token
from tests.engine.language.reference.tasks import Activity
from tests.engine.language.reference.triggers import Firings, Trigger


@dataclass(frozen=True)
class Sub(Activity):
    """`tag`: subProcess or transaction. `variable`: what its inside writes last."""

    name: str
    tag: str
    body: Body
    variable: str
    is_async: bool = False
    is_in_inclusive: bool = False

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        return node(self.tag, self.name, inner + self.body.draw(), **attributes)

    def work(self, at: At, token: Token, data: PlainDict) -> Steps:
        data = yield from run_inside(self.body, at, token, data)
        at.run.count("sub-process" if self.tag == "subProcess" else "transaction")
        if self.is_in_inclusive:
            at.run.count("sub-process in an inclusive branch")
        return data


@dataclass(frozen=True)
class Call(Activity):
    """Calls a process of the same file. It hands in the constants and a zero for whatever is counted inside; out come
    one variable, absent or not, and an expression."""

    name: str
    body: Body
    counters: Sequence[str]
    inner_variable: str
    variable: str
    is_async: bool = False

    @property
    def called(self) -> str:
        return f"{self.name}p"

    def draw_process(self) -> str:
        return process(self.called, self.body.draw())

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        inputs = {name: name for name in ("x", "yes", "no", "key", "zero", "items")}
        inputs |= dict.fromkeys(self.counters, "zero") | {"sum": "[x, key]"}
        outputs = {self.variable: self.inner_variable, f"{self.variable}_in": "[x, sum]"}
        return call(self.name, self.called, mapping(inputs, outputs) + inner, **attributes)

    def work(self, at: At, token: Token, data: PlainDict) -> Steps:
        handed = {name: data[name] for name in ("x", "yes", "no", "key", "zero", "items")}
        handed |= dict.fromkeys(self.counters, data["zero"]) | {"sum": [data["x"], data["key"]]}
        found = yield from run_inside(self.body, at, token, handed, shares_data=False)
        at.run.count("call activity")
        inside = [found["x"], found["sum"]]
        return {**data, self.variable: found.get(self.inner_variable), f"{self.variable}_in": inside}


@dataclass(frozen=True, eq=False)
class Boundary:
    """A trigger on the edge of an activity, and what it begins."""

    trigger: Trigger
    handler: Block

    def draw(self, host: str) -> str:
        definition, attributes = self.trigger.draw()
        return boundary(self.trigger.name, host, definition, self.trigger.is_interrupting, **attributes)

    def catches(self, kind: str, code: str) -> bool:
        return self.trigger.kind == kind and self.trigger.code in ("", code)


@dataclass(frozen=True)
class Guarded(Block):
    """An activity with boundary events. What interrupts it goes on behind it, what does not ends for itself."""

    name: str
    host: Activity
    events: Sequence[Boundary]

    def draw(self) -> Drawing:
        merge, drawing = f"{self.name}m", self.host.draw()
        body = drawing.body + exclusive(merge) + flow(f"{drawing.last} {merge}")
        for event in self.events:
            handler = event.handler.draw()
            name, is_interrupting = event.trigger.name, event.trigger.is_interrupting
            body += event.draw(self.host.name) + handler.body + flow(f"{name} {handler.first}")
            last = merge if is_interrupting else f"{name}e"
            body += ("" if is_interrupting else end(last)) + flow(f"{handler.last} {last}")
        return Drawing(drawing.first, merge, body)

    def run(self, at: At, data: PlainDict) -> Steps:
        event, data = yield Guard(self, at, data)
        if event is not None:
            data = yield from event.handler.run(at, data)
        at.passes(f"{self.name}m")
        return data


class Guard(Group):
    """An activity and what listens on its boundary. The first to end that is no non-interrupting event ends all."""

    def __init__(self, guarded: Guarded, at: At, data: PlainDict) -> None:
        super().__init__([])
        self.guarded, self.at, self.data = guarded, at, data
        self.listening: dict[Boundary, Token] = {}
        self.work: Strand | None = None

    def begin(self, owner: Strand | None) -> None:
        self.owner = owner
        for event in self.guarded.events:
            if not self.is_over:
                self.add(self._listen(event))
        if not self.is_over:
            self.work = Strand(self._work(), self)
            self.strands.append(self.work)
            self.work.go(next)

    def _work(self) -> Steps:
        data = yield from self.guarded.host.run(self.at, self.data)
        return None, data

    def _listen(self, event: Boundary) -> Steps:
        """Gives the event and the data its handler begins with. What does not interrupt listens again."""
        trigger = event.trigger
        firings = Firings(trigger, self.at.run.now)
        while True:
            with self.at.open(trigger.name, self.data) as token:
                self.listening[event] = token
                token.is_extra = not trigger.is_interrupting
                values, _ = yield from trigger.wait(self.at, token, firings)
            self.at.run.count(trigger.title("boundary"))
            data = trigger.take(self.data, values)
            if trigger.is_interrupting:
                return event, data
            self.at.scope.spawn(self._handle(event, data), self.data)
            if not firings.goes_on(self.at.run.now):
                del self.listening[event]
                yield Silence()

    def _handle(self, event: Boundary, data: PlainDict) -> Steps:
        data = yield from event.handler.run(self.at, data)
        self.at.end(f"{event.trigger.name}e", "none end event")
        return data

    def failed(self, strand: Strand, why: Exception) -> None:
        if isinstance(why, Thrown):
            found = self._find("error", why.code)
        else:
            found = self._find("cancel", "") if isinstance(why, Cancelled) else None
        if found is None:
            super().failed(strand, why)
            return
        self.strands.remove(strand)
        self._fire(found, why.values if isinstance(why, Thrown) else {})

    def escalate(self, strand: Strand, escalation: Escalation) -> None:
        found = self._find("escalation", escalation.code)
        if found is None:
            super().escalate(strand, escalation)
        else:
            self._fire(found, escalation.values)

    def _find(self, kind: str, code: str) -> Boundary | None:
        found = [event for event in self.listening if event.catches(kind, code)]
        return next((event for event in found if event.trigger.code), found[0] if found else None)

    def _fire(self, event: Boundary, values: PlainDict) -> None:
        strand = self.listening[event].strand
        assert strand is not None
        strand.go(lambda steps: steps.send((values, None)))

    def current(self, own: PlainDict | None) -> PlainDict:
        """That of the activity; what listens knows no more than it began with."""
        return self.data if self.work is None else self.work.current(own)
