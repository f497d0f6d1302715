"""What has something inside or around it: sub-processes, transactions, calls, boundary events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.storage.plain import PlainDict
from tests.engine.diagrams import (
    boundary,
    call,
    end,
    error,
    escalation,
    exclusive,
    flow,
    mapping,
    message,
    node,
    parameters,
    process,
    signal,
    timer,
)
from tests.engine.language.reference.blocks import Block, Body, Drawing
from tests.engine.language.reference.interpreter import At
from tests.engine.language.reference.strands import Cancelled, Escalation, Group, Steps, Strand, Thrown, Token
from tests.engine.language.reference.tasks import HOURS, Activity, listen, wait_until


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
        data = yield from self.body.run(at.run, token, data)
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
        found = yield from self.body.run(at.run, token, handed)
        at.run.count("call activity")
        inside = [found["x"], found["sum"]]
        return {**data, self.variable: found.get(self.inner_variable), f"{self.variable}_in": inside}


@dataclass(frozen=True, eq=False)
class Boundary:
    """`kind`: message, signal, timer, cycle, error, escalation or cancel; no code catches any."""

    name: str
    kind: str
    is_interrupting: bool
    handler: Block
    variable: str
    code: str = ""
    due: str = "PT1H"

    @property
    def title(self) -> str:
        return f"{self.kind} boundary" + ("" if self.is_interrupting else ", non-interrupting")

    def draw(self, host: str) -> str:
        brought = "sent" if self.kind in ("message", "signal") else "x"
        mapped = parameters(outputs={self.variable: f"${{{brought}}}"})
        definitions = {
            "message": mapped + message("m_M"),
            "signal": mapped + signal("g_S"),
            "timer": timer(self.due),
            "cycle": timer(f"R3/{self.due}", "timeCycle"),
            "error": mapped + error(f"x_{self.code}" if self.code else None),
            "escalation": mapped + escalation(f"c_{self.code}" if self.code else None),
            "cancel": "<bpmn:cancelEventDefinition/>",
        }
        key = {"baton__correlationKey": "${key}"} if self.kind == "message" else {}
        return boundary(self.name, host, definitions[self.kind], self.is_interrupting, **key)

    def catches(self, kind: str, code: str) -> bool:
        return self.kind == kind and self.code in ("", code)


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
            body += event.draw(self.host.name) + handler.body + flow(f"{event.name} {handler.first}")
            last = merge if event.is_interrupting else f"{event.name}e"
            body += ("" if event.is_interrupting else end(last)) + flow(f"{handler.last} {last}")
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

    def begin(self, owner: Strand | None) -> None:
        self.owner = owner
        for event in self.guarded.events:
            self.add(self._listen(event))
        self.add(self._work())

    def _work(self) -> Steps:
        data = yield from self.guarded.host.run(self.at, self.data)
        return None, data

    def _listen(self, event: Boundary) -> Steps:
        """Gives the event and the data its handler begins with. What does not interrupt listens again."""
        firings = Cycle(self.at.run.now, event.due)
        while True:
            with self.at.open(event.name, self.data) as token:
                self.listening[event] = token
                values = yield from self._wait(event, token, firings)
            self.at.run.count(event.title)
            variable = values.get("sent", values.get("x"))
            data = self.data if event.kind in ("timer", "cycle", "cancel") else {**self.data, event.variable: variable}
            if event.is_interrupting:
                return event, data
            self.at.scope.spawn(self._handle(event, data), self.data)
            if event.kind == "timer" or (event.kind == "cycle" and not firings.goes_on(self.at.run.now)):
                del self.listening[event]
                yield Silence()

    def _wait(self, event: Boundary, token: Token, firings: "Cycle") -> Steps:
        if event.kind in ("error", "escalation", "cancel"):
            return (yield token)
        if event.kind == "cycle":
            return (yield from wait_until(token, firings.due))
        return (yield from listen(self.at, token, event.kind, self.data, event.due))

    def _handle(self, event: Boundary, data: PlainDict) -> Steps:
        data = yield from event.handler.run(self.at, data)
        self.at.end(f"{event.name}e", "none end event")
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
        return next((event for event in found if event.code), found[0] if found else None)

    def _fire(self, event: Boundary, values: PlainDict) -> None:
        strand = self.listening[event].strand
        assert strand is not None
        strand.go(lambda steps: steps.send(values))


class Silence:
    """What a strand waits for that listens no more."""

    def begin(self, strand: Strand) -> None:
        """Nothing will come."""

    def stop(self) -> None:
        """Nothing to stop."""


class Cycle:
    """A timer that fires three times, on a schedule of its own: what is missed is over."""

    def __init__(self, begin: datetime, text: str) -> None:
        self.instants = [begin + timedelta(hours=HOURS[text]) * turn for turn in (1, 2, 3)]

    @property
    def due(self) -> datetime:
        return self.instants[0]

    def goes_on(self, now: datetime) -> bool:
        self.instants = [instant for instant in self.instants[1:] if instant > now]
        return bool(self.instants)
