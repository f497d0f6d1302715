"""Tasks and intermediate events: whatever one token does by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.storage.plain import Plain, PlainDict
from tests.engine.diagrams import (
    catch,
    condition,
    message,
    node,
    parameters,
    script,
    service,
    signal,
    throw,
    timer,
    user,
)
from tests.engine.language.reference.blocks import THROWN, Block, Drawing
from tests.engine.language.reference.interpreter import At, ask, hold
from tests.engine.language.reference.strands import Ask, Choice, Steps, Thrown, Token

HOURS = {"PT1H": 1, "PT2H": 2, "P1D": 24}


class Activity(Block):
    """What may stand alone, carry boundary events or be repeated. `variable` is the one it writes."""

    kind: str
    is_async: bool
    variable: str

    def draw(self) -> Drawing:
        return Drawing(self.name, self.name, self.draw_node("", self.attributes))

    @property
    def attributes(self) -> dict[str, str]:
        return {"camunda__asyncBefore": "true"} if self.is_async else {}

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        """The element with more inside."""
        raise NotImplementedError

    def run(self, at: At, data: PlainDict) -> Steps:
        with at.open(self.name, data) as token:
            yield from hold(at, token, self.is_async)
            return (yield from self.work(at, token, data))

    def run_instance(self, at: At, data: PlainDict, index: int) -> Steps:
        """One of several; `asyncBefore` holds all of them at once."""
        with at.open(self.name, data, index) as token:
            return (yield from self.work(at, token, data))

    def work(self, at: At, token: Token, data: PlainDict) -> Steps:
        """What it does when it begins; gives the data at its end."""
        raise NotImplementedError


@dataclass(frozen=True)
class UserTask(Activity):
    name: str
    variable: str
    is_async: bool = False

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        return user(self.name, inner, **attributes)

    def work(self, at: At, token: Token, data: PlainDict) -> Steps:
        _, values = yield from ask(token, Ask(lambda: ("complete", {self.variable: at.run.fresh()})))
        at.run.count("user task")
        return {**data, **values}


@dataclass(frozen=True)
class PlainTask(Activity):
    """`tag`: manualTask, or task."""

    name: str
    tag: str
    variable: str
    is_async: bool = False

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        return node(self.tag, self.name, inner, **attributes)

    def work(self, at: At, token: Token, data: PlainDict) -> Steps:
        yield from ()
        at.run.count("manual task" if self.tag == "manualTask" else "task without a type")
        return data


@dataclass(frozen=True)
class ScriptTask(Activity):
    """Counts on in a variable of its own, which no turn of a loop sets back."""

    name: str
    variable: str
    is_async: bool = False

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        text = script(self.name, f"{self.variable} = {self.variable} + 1")
        opening = f'id="{self.name}"' + "".join(f' {key.replace("__", ":")}="{v}"' for key, v in attributes.items())
        return text.replace(f'id="{self.name}"', opening).replace("</bpmn:scriptTask>", f"{inner}</bpmn:scriptTask>")

    def work(self, at: At, token: Token, data: PlainDict) -> Steps:
        yield from ()
        at.run.count("script task")
        return count_on(data, self.variable)


@dataclass(frozen=True)
class ServiceTask(Activity):
    """`mode`: answers (at once), waits (for its answer or, where `code` is caught, an error), fails (until it is tried
    again) or refuses (throws an error when the variable it is handed says so)."""

    name: str
    mode: str
    variable: str
    handed: str = "x"
    code: str = ""
    is_async: bool = False

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        inputs = {"who": self.name, "code": self.code, "handed": f"${{{self.handed}}}"}
        mapped = parameters(inputs, {self.variable: "${answer}"})
        return service(self.name, self.mode, mapped + inner, **attributes)

    def work(self, at: At, token: Token, data: PlainDict) -> Steps:
        at.run.count(f"service task that {self.mode}")
        answer: Plain = [data[self.handed]]
        if self.mode == "refuses" and data[self.handed] is True:
            raise Thrown(self.code, {"x": "refused"}, data, at.scope.known(data))
        if self.mode == "waits":
            verb, values = yield from ask(token, Ask(lambda: self._choose(at)))
            if verb == "throw":
                raise Thrown(self.code, {"x": "thrown"}, data, at.scope.known(data))
            answer = values["answer"]
        if self.mode == "fails":
            yield from ask(token, Ask(lambda: ("retry", {})))
        return {**data, self.variable: answer}

    def _choose(self, at: At) -> Choice:
        is_refused = self.code and at.run.rnd.random() < 0.5
        return ("throw", {"code": self.code}) if is_refused else ("answer", {"answer": at.run.fresh()})


@dataclass(frozen=True)
class RuleTask(Activity):
    name: str
    variable: str
    is_async: bool = False

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        table = {"camunda__decisionRef": "fees", "camunda__resultVariable": self.variable}
        return node("businessRuleTask", self.name, inner, **table, **attributes)

    def work(self, at: At, token: Token, data: PlainDict) -> Steps:
        yield from ()
        at.run.count("business rule task")
        return {**data, self.variable: {"table": "fees", "keys": len(data)}}


@dataclass(frozen=True)
class Sender(Activity):
    """`kind`: send task, message throw event or signal throw event."""

    name: str
    kind: str
    variable: str
    is_async: bool = False

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        if self.kind == "signal throw event":
            return throw(self.name, THROWN + signal("g_S"), **attributes)
        key = {"baton__correlationKey": "${key}", **attributes}
        if self.kind == "send task":
            return node("sendTask", self.name, THROWN + inner, messageRef="m_M", **key)
        return throw(self.name, THROWN + message("m_M"), **key)

    def work(self, at: At, token: Token, data: PlainDict) -> Steps:
        yield from ()
        at.run.count(self.kind)
        at.throw("signal" if self.kind == "signal throw event" else "message", data)
        return data


@dataclass(frozen=True)
class Catcher(Activity):
    """`kind`: receive task, or message, signal, timer or conditional catch event; `watched` is what that is about."""

    name: str
    kind: str
    variable: str
    due: str = "PT1H"
    is_async: bool = False
    watched: str = ""

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        mapped = parameters(outputs={self.variable: "${sent}"})
        key = {"baton__correlationKey": "${key}"}
        if self.kind == "receive task":
            return node("receiveTask", self.name, mapped + inner, messageRef="m_M", **key, **attributes)
        if self.kind == "message catch event":
            return catch(self.name, mapped + message("m_M"), **key, **attributes)
        if self.kind == "conditional catch event":
            return catch(self.name, condition(self.watched), **attributes)
        return catch(self.name, mapped + signal("g_S") if self.kind[0] == "s" else timer(self.due), **attributes)

    def work(self, at: At, token: Token, data: PlainDict) -> Steps:
        if self.watched:
            values = yield from at.run.watch(at, token, self.watched, has_held=False)
        else:
            values = yield from listen(at, token, self.kind, data, self.due)
        at.run.count(self.kind)
        return {**data, self.variable: values["sent"]} if "sent" in values else data


def listen(at: At, token: Token, kind: str, data: PlainDict, due: str) -> Steps:
    """Wait for what a kind waits for; gives what it brings."""
    if kind.startswith("timer"):
        return (yield from wait_until(token, at.run.now + timedelta(hours=HOURS[due])))
    wait = ("signal", "S", "") if kind.startswith("signal") else ("message", "M", str(data["key"]))
    _, values = yield from ask(token, Ask(lambda: ("deliver", {"sent": at.run.fresh(), "x": "not mapped"}), wait))
    return values


def wait_until(token: Token, due: datetime) -> Steps:
    """Wait for an instant."""
    _, values = yield from ask(token, Ask(lambda: ("fire", {}), due=due))
    return values


def count_on(data: PlainDict, name: str) -> PlainDict:
    number = data[name]
    assert isinstance(number, int)
    return {**data, name: number + 1}
