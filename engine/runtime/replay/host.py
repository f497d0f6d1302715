"""What a replay offers to the elements it runs: what was recorded in the place of the world, and decisions anew."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from engine.definitions.registry import TOPICS
from engine.language.decisions import Decision, map_result
from engine.language.errors import BpmnError, EngineError, TryAgain
from engine.language.model import Element
from engine.language.sandbox import SandboxOverrun
from engine.language.script_engine import ExpressionFailed, SandboxEngine
from engine.language.specs.task import TracedTask
from engine.language.values import is_same
from engine.records.history import event
from engine.runtime.host import digest_inputs
from engine.runtime.replay.places import Path, path_of
from engine.runtime.replay.recorded import Call, take_dict
from engine.runtime.replay.results import Kind, Reason
from engine.storage.plain import Plain, PlainDict

if TYPE_CHECKING:
    from engine.runtime.replay.player import Player


class Stopped(TryAgain):
    """The recorded inputs do not fit any more; passes through the case without becoming an incident."""

    def __init__(self, reason: Reason, element: str | None, *, kind: Kind = Kind.CANNOT_FOLLOW, **told: Any) -> None:
        super().__init__(f"Expected what was recorded to fit, but at {element}: {reason}")
        self.kind, self.reason, self.element, self.told = kind, reason, element, told


class RecordedFailure(EngineError):
    """Stands for what once went wrong outside the case, by the name history has for it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Expected the element to go on, but {name} was recorded")
        self._name = name

    @property
    def code(self) -> str:
        """See `EngineError`."""
        return self._name


class ReplayEngine(SandboxEngine):
    """The production sandbox; what once ran out of time does so again."""

    player: "Player"

    def evaluate_on(self, task: Any, expression: str, *arguments: Any) -> Any:
        """See `SandboxEngine`."""
        self._check_time(task)
        return super().evaluate_on(task, expression, *arguments)

    def execute(self, task: Any, script: str, external_context: Any = None) -> bool:
        """See `SandboxEngine`."""
        self._check_time(task)
        return super().execute(task, script, external_context)

    def _check_time(self, task: Any) -> None:
        if self.player.find_overrun(task):
            overrun = SandboxOverrun("Expected a result, but it was recorded that it took too long")
            raise ExpressionFailed(str(task.task_spec.bpmn_id), overrun) from overrun


class PureCall:
    """What a pure service gets, see `registry.topic`."""

    def __init__(self, player: "Player") -> None:
        self.now = player.now
        self.policy = player.definitions.policy
        self.calendar = player.definitions.calendar


class ReplayHost:
    """See `engine.language.specs.task.Host`."""

    def __init__(self, player: "Player", calls: dict[Path, list[Call]]) -> None:
        self.player = player
        self.errors: dict[str, str] = {}  # by element: why it could not go on
        self.decided: dict[str, Decision] = {}  # by element: the last decision of a business rule task
        self._calls = {path: list(found) for path, found in calls.items()}

    def now(self) -> datetime:
        return self.player.now

    @property
    def zone(self) -> ZoneInfo:
        return self.player.definitions.calendar.zone

    def working_time(self, text: str, start: datetime) -> datetime:
        return self.player.definitions.calendar.working_time(text, start)

    def call_topic(self, task: TracedTask, element: Element, inputs: PlainDict) -> PlainDict | None:
        """What came of the call that was recorded here with the same topic and inputs. Raises Stopped without one.

        A pure service is called.
        """
        topic = TOPICS.get(element.topic or "")
        if topic is not None and topic.is_pure:
            topic.check_inputs(inputs)
            result: PlainDict = topic.function(PureCall(self.player), **inputs)
            return result
        call = self._take(path_of(task), element, inputs)
        self._check_consulted(element, call.event)
        for recorded in call.decisions:
            self._decide_again(element, recorded)
        told = call.event
        if "failed" in told:
            raise RecordedFailure(str(told["failed"]))
        if "error" in told:
            raise BpmnError(str(told["error"]), str(told.get("message", "")), take_dict(told, "values"))
        return take_dict(told, "result") if told["kind"] == "service" else None

    def decide(self, task: TracedTask, element: Element, data: PlainDict) -> Plain:
        if error := self.player.find_overrun(task):
            raise RecordedFailure(error) from SandboxOverrun("Expected a decision in time")
        player = self.player
        decision = player.definitions.decide(element.decision_ref or "", data, player.sandbox, player.budget)
        self.decided[element.id] = decision
        return map_result(decision, element.map_decision_result or "singleResult")

    def publish(self, name: str, correlation_key: str, payload: PlainDict) -> None:
        self.player.note(event("published", name=name, key=correlation_key, payload=payload))

    def broadcast(self, name: str, payload: PlainDict) -> None:
        self.player.note(event("broadcast", name=name, payload=payload))

    def open_incident(self, task: TracedTask, error: Exception) -> None:
        self.errors[str(task.task_spec.bpmn_id)] = str(error)

    def _take(self, path: Path, element: Element, inputs: PlainDict) -> Call:
        calls, digest = self._calls.get(path, []), digest_inputs(inputs)
        of_topic = [call for call in calls if call.topic == element.topic]
        for call in of_topic:
            if call.event["inputs"] == digest:
                calls.remove(call)
                return call
        reason = Reason.OTHER_INPUTS if of_topic else Reason.NO_RESULT
        raise Stopped(reason, element.id, now=inputs, facts={"topic": element.topic})

    def _check_consulted(self, element: Element, told: PlainDict) -> None:
        """A service that looked at another policy or calendar may have come to another result."""
        definitions = self.player.definitions
        for key, before in take_dict(told, "policy").items():
            now = definitions.policy.get(key)
            if not is_same(before, now):
                facts: PlainDict = {"topic": element.topic, "policy": key}
                raise Stopped(Reason.POLICY, element.id, before=before, now=now, facts=facts)
        if "calendar" in told and not definitions.has_own_calendar:
            raise Stopped(Reason.CALENDAR, element.id, facts={"topic": element.topic})

    def _decide_again(self, element: Element, recorded: PlainDict) -> None:
        """A decision the service asked for; where it comes out otherwise nobody knows what the service would do."""
        inputs, before = recorded.get("inputs", {}), recorded.get("result")
        assert isinstance(inputs, dict)
        player, table = self.player, str(recorded["table"])
        try:
            decision = player.definitions.decide_alone(table, inputs, player.sandbox, player.budget)
        except TryAgain:
            raise
        except EngineError as error:
            facts: PlainDict = {"table": table, "error": str(error)}
            raise Stopped(Reason.DECISION, element.id, kind=Kind.DATA, before=before, facts=facts) from error
        if not is_same(decision.result, before):
            told: PlainDict = {"table": table, "inputs": inputs}
            told |= {"rules_before": recorded.get("matched"), "rules_now": [*decision.matched]}
            raise Stopped(Reason.DECISION, element.id, kind=Kind.DATA, before=before, now=decision.result, facts=told)
