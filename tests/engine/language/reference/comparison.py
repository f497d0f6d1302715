"""One diagram in one order: the engine beside the reference, compared after every step."""

import random
from collections import Counter
from typing import Any

from engine.language.errors import BpmnError
from engine.language.workflow import Case, TracedTask
from engine.records.rebuild import Token as EngineToken
from engine.storage.plain import Plain, PlainDict
from tests.engine.language.reference.diagram import Diagram
from tests.engine.language.reference.interpreter import Run
from tests.engine.language.reference.strands import Token
from tests.engine.language.trial import BEGIN, Trial


class Mismatch(AssertionError):
    """The engine and the reference do not agree."""


def start_reference(diagram: Diagram, order: int) -> Run:
    """The same seed and order give the same run."""
    return Run(diagram, BEGIN, random.Random(f"{diagram.seed}/{order}"))


class Comparison:
    """`pairs`: the token of the reference for every open task of the engine."""

    def __init__(self, diagram: Diagram, order: int, compacting: bool, fresh_specs: bool) -> None:
        self.run = start_reference(diagram, order)
        self.mended: set[str] = set()
        topics = {"answers": answer, "waits": lambda **_: None, "fails": self.fail_once, "refuses": refuse}
        self.pairs: dict[str, Token] = {}
        self.acts: list[str] = []
        self.trial = Trial(
            diagram.xml,
            data=diagram.data,
            topics=topics,  # type: ignore[arg-type]  # called by the names of their inputs
            called=diagram.called,
            specs=diagram.specs,
            compacting=compacting,
            fresh_specs=fresh_specs,
            is_thorough=False,
        )
        self.compare()

    def play(self) -> Counter[str]:
        """To the end; gives how often each kind occurred. Raises Mismatch."""
        while not self.run.is_done:
            self.play_one()
        return self.run.kinds

    def play_one(self) -> tuple[str, str, PlainDict]:
        """One step; gives the task, what was done to it, and with what. Raises Mismatch."""
        token, verb, values = self.run.choose()
        task = next(task for task, other in self.pairs.items() if other is token)
        self.acts.append(f"{verb} {token.element}")
        self.trial.host.published.clear()
        self.trial.host.signals.clear()
        self.trial.step(lambda case: self.act(case, task, verb, values))
        self.run.act(token, verb, values)
        self.compare()
        return task, verb, values

    def act(self, case: Case, task_id: str, verb: str, values: PlainDict) -> None:
        self.compare_waits(case)
        task = case.get_task_from_id(task_id)
        self.trial.host.note(describe_act(task, verb, values))
        if verb == "fire":
            self.trial.host.at = max(self.trial.host.at, dict(case.timers())[task_id])
            case.fire_timer(task)
        elif verb == "throw":
            case.throw(task, BpmnError(str(values["code"]), values={"x": "thrown"}))
        elif verb == "release":
            case.release(task)
        elif verb == "retry":
            self.mended.add(task.task_spec.bpmn_id)
            case.retry(task)
        else:
            act = {"complete": case.complete, "deliver": case.deliver, "answer": case.complete_service}[verb]
            act(task, values)

    def fail_once(self, who: str, **inputs: Plain) -> PlainDict:
        """A service that fails until somebody tries it again."""
        if who not in self.mended:
            raise ConnectionError("Expected the service to answer, but it does not")
        self.mended.remove(who)
        return answer(**inputs)

    # --- comparing ---
    def compare(self) -> None:
        self.compare_tokens()
        completed = Counter(str(e["element"]) for e in self.trial.steps[-1] if e["kind"] == "completed")
        self.expect("completed", completed, Counter(self.run.completed))
        host = self.trial.host
        thrown = [*host.published, *((name, "", payload) for name, payload in host.signals)]
        self.expect("thrown", sorted(thrown, key=repr), sorted(self.run.thrown, key=repr))
        self.expect("done", self.trial.is_done, self.run.is_done)
        if self.run.is_done:
            self.expect("data", self.trial.data, self.run.data)
        if self.run.outcomes and self.trial.outcome not in self.run.outcomes:
            self.expect("outcome", self.trial.outcome, self.run.outcomes)

    def compare_tokens(self) -> None:
        """Those known stay what they are; new ones are paired from the outside in, by all that can be seen of them."""
        tokens = {token.task: token for token in self.trial.picture.tokens()}
        still_open = set(map(id, self.run.tokens))
        self.pairs = {task: other for task, other in self.pairs.items() if task in tokens and id(other) in still_open}
        for task, other in self.pairs.items():
            self.expect(f"data of {other.element}", tokens[task].data, other.data)
        paired = set(map(id, self.pairs.values()))
        rest = [other for other in self.run.tokens if id(other) not in paired]
        wanted = [token for token in tokens.values() if token.task not in self.pairs]
        is_going_on = True
        while is_going_on:
            is_going_on = False
            for token in [token for token in wanted if token.scope is None or token.scope in self.pairs]:
                found = next((other for other in rest if self.is_same(token, other)), None)
                if found is not None:
                    is_going_on = True
                    self.pairs[token.task] = found
                    wanted.remove(token)
                    rest.remove(found)
        self.expect("open", [describe(token) for token in wanted], [describe(other) for other in rest])

    def is_same(self, token: EngineToken, other: Token) -> bool:
        scope = None if token.scope is None else self.pairs[token.scope]
        shape = (other.element, other.index, other.is_body)
        return (
            (token.element, token.index, token.is_body) == shape and scope is other.scope and token.data == other.data
        )

    def compare_waits(self, case: Case) -> None:
        """What is subscribed to, and when timers are due."""
        waits = {self.pairs[task]: (kind, name, key) for task, kind, name, key in case.subscriptions()}
        dues = {self.pairs[task]: due for task, due in case.timers()}
        asks = {token: token.ask for token in self.run.tokens if token.ask is not None}
        self.expect("subscriptions", waits, {token: ask.wait for token, ask in asks.items() if ask.wait is not None})
        self.expect("timers", dues, {token: ask.due for token, ask in asks.items() if ask.due is not None})

    def expect(self, what: str, found: Any, expected: Any) -> None:
        if found != expected:
            raise Mismatch(f"{what}: the engine has {found!r}, the reference {expected!r}, after {self.acts}")


def describe_act(task: TracedTask, verb: str, values: PlainDict) -> PlainDict:
    """What history says of it; a retry is written down by the recorder."""
    where: PlainDict = {"task": task.id, "element": task.task_spec.bpmn_id}
    facts: dict[str, tuple[str, PlainDict]] = {
        "complete": ("completed_task", {"content": values}),
        "fire": ("timer", {}),
        "deliver": ("message", {"payload": values}),
        "answer": ("worked", {"result": values}),
        "throw": ("worker_error", {"error": values.get("code"), "values": {"x": "thrown"}}),
        "release": ("released", {}),
        "retry": ("retry", {}),
    }
    kind, told = facts[verb]
    return {"kind": kind, **where, **told}


def describe(token: EngineToken | Token) -> tuple[str, int | None, bool, PlainDict]:
    return token.element, token.index, token.is_body, token.data


def answer(handed: Plain, **_: Plain) -> PlainDict:
    return {"answer": [handed]}


def refuse(handed: Plain, code: str, **_: Plain) -> PlainDict:
    if handed is True:
        raise BpmnError(code, values={"x": "refused"})
    return answer(handed)
