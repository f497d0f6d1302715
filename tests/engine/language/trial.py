"""Runs a diagram step by step: load, act, write events, compact, save.

After every step the tokens and data rebuilt from the events must equal those of the case, before and after it went
through the saved state, and the shared specs must be what they were.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from engine.language.errors import BpmnError
from engine.language.model import Element
from engine.language.parser import ProcessSpecs, parse_process, spec_fingerprint
from engine.language.sandbox import Sandbox
from engine.language.script_engine import SandboxEngine
from engine.language.state import compact, freeze, thaw
from engine.language.workflow import Case, TracedTask
from engine.records.history import event
from engine.records.rebuild import TOKEN_KINDS, Picture, Token, rebuild
from engine.records.recorder import Recorder, name_error
from engine.runtime.host import digest_inputs
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

BEGIN = datetime(2026, 11, 21, 8, tzinfo=UTC)
SANDBOX = Sandbox()

Topic = Callable[..., PlainDict | None]


class TrialHost:
    """A host for tests: topics are plain functions, incidents are kept, and working time skips Saturday and Sunday."""

    def __init__(self, topics: dict[str, Topic] | None = None) -> None:
        self.topics = topics or {}
        self.at = BEGIN
        self.zone = ZoneInfo("Asia/Shanghai")
        self.called: list[str] = []
        self.published: list[tuple[str, str, PlainDict]] = []
        self.signals: list[tuple[str, PlainDict]] = []
        self.incidents: list[tuple[str, Exception]] = []
        self.recorder = Recorder()  # of the step that runs

    def note(self, fact: PlainDict) -> None:
        """Writes down what is no change of a token, as a step does."""
        self.recorder.events.append(fact)

    def now(self) -> datetime:
        return self.at

    def working_time(self, text: str, start: datetime) -> datetime:
        days = int(text.removeprefix("WT:P").removesuffix("D"))
        while days:
            start += timedelta(days=1)
            days -= start.weekday() < 5
        return start

    def call_topic(self, task: TracedTask, element: Element, inputs: PlainDict) -> PlainDict | None:
        assert element.topic is not None
        self.called.append(element.topic)
        where: PlainDict = {"task": task.id, "element": element.id}
        told = {"kind": "service", **where, "topic": element.topic, "inputs": digest_inputs(inputs)}
        try:
            result = self.topics[element.topic](**inputs)
        except BpmnError as error:
            self.note({**told, "error": error.code, "message": str(error), "values": error.values})
            raise
        except Exception as error:
            self.note({**told, "failed": name_error(error)})
            raise
        self.note({**told, "kind": "external"} if result is None else {**told, "result": result})
        return result

    def decide(self, task: TracedTask, element: Element, data: PlainDict) -> Plain:
        return {"table": element.decision_ref, "keys": len(data)}

    def publish(self, name: str, correlation_key: str, payload: PlainDict) -> None:
        self.published.append((name, correlation_key, payload))
        self.note(event("published", name=name, key=correlation_key, payload=payload))

    def broadcast(self, name: str, payload: PlainDict) -> None:
        self.signals.append((name, payload))
        self.note(event("broadcast", name=name, payload=payload))

    def open_incident(self, task: TracedTask, error: Exception) -> None:
        self.incidents.append((task.task_spec.bpmn_id, error))


class Trial:
    """One case. `fresh_specs`: every step parses anew, as another process would.

    `is_thorough`: after every step the specs are looked at, and the case is saved twice. That is most of what a step
    costs; who runs thousands does without, and asks after the specs at the end.
    """

    def __init__(
        self,
        xml: bytes,
        key: str = "p",
        data: PlainDict | None = None,
        topics: dict[str, Topic] | None = None,
        start_event: str | None = None,
        payload: PlainDict | None = None,
        fresh_specs: bool = False,
        compacting: bool = True,
        specs: ProcessSpecs | None = None,
        called: tuple[str, ...] = (),
        is_thorough: bool = True,
    ) -> None:
        self.xml, self.key, self.called_keys = xml, key, called
        self.fresh_specs, self.compacting, self.is_thorough = fresh_specs, compacting, is_thorough
        self.specs = specs or self.parse()
        self.fingerprint = spec_fingerprint(self.specs) if is_thorough else ""
        self.host = TrialHost(topics)
        self.events: list[PlainDict] = []
        self.steps: list[list[PlainDict]] = []
        self.rows: list[tuple[datetime, list[PlainDict]]] = []  # the same with all that was noted, as history has it
        self.waiting: set[tuple[str, str]] = set()
        self.picture = Picture()
        self.state = b""
        recorder = self.host.recorder
        self.host.note(event("started", values=data, element=start_event, payload=payload))
        case = Case(self.specs, SandboxEngine(SANDBOX), self.host, recorder)
        case.start(data or {}, start_event, payload)
        self.close(case, recorder)

    def parse(self) -> ProcessSpecs:
        return parse_process(dict.fromkeys((self.key, *self.called_keys), self.xml), self.key)

    def open(self) -> tuple[Case, Recorder]:
        if self.fresh_specs:
            self.specs = self.parse()
        recorder = self.host.recorder = Recorder()
        return thaw(self.state, self.specs, SandboxEngine(SANDBOX), self.host, recorder), recorder

    def close(self, case: Case, recorder: Recorder) -> None:
        recorder.finish()
        self.note_waits(case)
        row = orjson.loads(orjson.dumps(recorder.events))  # as from the database
        self.rows.append((self.host.at, row))
        step = [one for one in row if one["kind"] in TOKEN_KINDS]
        self.steps.append(step)
        self.events += step
        for one in step:
            self.picture.apply(one)
        case.recorder = None
        assert describe_tokens(self.picture.tokens()) == describe_live(case)
        if self.compacting:
            compact(case)
        self.state = freeze(case)
        if self.is_thorough:
            again = thaw(self.state, self.specs, SandboxEngine(SANDBOX), self.host)
            assert describe_live(again) == describe_live(case)
            assert freeze(again) == self.state
            assert self.fresh_specs or spec_fingerprint(self.specs) == self.fingerprint
        self.is_done, self.data, self.outcome = case.is_completed(), case.data, case.outcome
        self.task_count = sum(len(scope.tasks) for scope in case.scopes)

    def note_waits(self, case: Case) -> None:
        """What the case began to wait for, as a step notes it."""
        waits = {(task, name): ("", kind, name, key) for task, kind, name, key in case.subscriptions()}
        waits |= {(task, due := format_instant(at)): (due, "timer", "", "") for task, at in case.timers()}
        for task, about in waits.keys() - self.waiting:
            due_at, awaits, name, key = waits[task, about]
            element = case.get_task_from_id(task).task_spec.bpmn_id
            told = event("waiting", task=task, element=element, awaits=awaits, name=name, key=key, due_at=due_at)
            self.host.note(told)
        self.waiting = set(waits)

    def step(self, action: Callable[[Case], object]) -> "Trial":
        case, recorder = self.open()
        action(case)
        self.close(case, recorder)
        return self

    def complete(self, element: str, values: PlainDict | None = None, index: int | None = None) -> "Trial":
        return self.step(lambda case: case.complete(case.find(element, index), values or {}))

    def fire(self, element: str) -> "Trial":
        """Fire a timer at the instant it is due."""

        def act(case: Case) -> None:
            task = case.find(element)
            self.host.at = max(self.host.at, dict(case.timers())[task.id])
            case.fire_timer(task)

        return self.step(act)

    def deliver(self, element: str, payload: PlainDict | None = None) -> "Trial":
        return self.step(lambda case: case.deliver(case.find(element), payload or {}))

    def retry(self, element: str) -> "Trial":
        return self.step(lambda case: case.retry(case.find(element)))

    def release(self, element: str) -> "Trial":
        return self.step(lambda case: case.release(case.find(element)))

    def throw(self, element: str, code: str) -> "Trial":
        return self.step(lambda case: case.throw(case.find(element), BpmnError(code)))

    def look(self, read: Callable[[Case], Any]) -> Any:
        return read(self.open()[0])

    def dues(self) -> dict[str, datetime]:
        """The armed timers by element."""
        return self.look(lambda case: {case.get_task_from_id(i).task_spec.bpmn_id: due for i, due in case.timers()})  # type: ignore[no-any-return]

    def open_elements(self) -> list[str]:
        return sorted(token.element for token in self.picture.tokens() if not token.is_body)

    def data_of(self, element: str) -> PlainDict:
        """The data of an open element."""
        return next(token.data for token in self.picture.tokens() if token.element == element and not token.is_body)

    def log(self, *kinds: str) -> list[tuple[str, str]]:
        """(kind, element) of the events of these kinds."""
        return [(str(e["kind"]), str(e["element"])) for e in self.events if not kinds or e["kind"] in kinds]


def describe_tokens(tokens: list[Token]) -> dict[str, tuple[str, str | None, PlainDict]]:
    return {token.task: (token.element, token.scope, token.data) for token in tokens}


def describe_live(case: Case) -> dict[str, tuple[str, str | None, PlainDict]]:
    return {task.id: (task.task_spec.bpmn_id, task.workflow.parent_task_id, task.data) for task in case.tokens()}


def check_every_event(trial: Trial) -> None:
    """The picture from a keyframe in the middle equals the picture from the first event."""
    for cut in range(0, len(trial.events), 7):
        whole = rebuild(trial.events)
        frame = rebuild(trial.events[:cut])
        everything = orjson.loads(orjson.dumps(frame.keyframe([str(e["task"]) for e in trial.events])))
        assert rebuild(trial.events[cut:], everything).tokens() == whole.tokens()
