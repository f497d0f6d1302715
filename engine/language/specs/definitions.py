"""What an event waits for or throws. A definition only arms its task; the runtime says when it has happened."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.language.errors import ValueUnfit
from engine.language.expressions import is_wrapped
from engine.language.specs.base import evaluate, find_correlation_key
from engine.language.specs.schedules import find_due, start_cycle
from engine.language.specs.task import TracedTask
from engine.storage.clock import format_instant


@dataclass(frozen=True)
class EventDefinition:
    """Of a none event: nothing to wait for, nothing to throw."""

    def arm(self, task: TracedTask) -> None:
        """Note in the task what it waits for."""


@dataclass(frozen=True)
class TimerDefinition(EventDefinition):
    """`text` is a literal or `${expression}`; the due instant is computed once, when the task starts to wait."""

    text: str
    is_cycle: bool = False

    def arm(self, task: TracedTask) -> None:
        host = task.case.host
        if "cycle" not in task.internal_data:
            text = self._find_text(task)
            if not self.is_cycle:
                task.internal_data["due"] = format_instant(find_due(text, host.now(), host))
                return
            task.internal_data["cycle"] = start_cycle(text, host.now(), host)
        cycle = task.internal_data["cycle"]
        assert isinstance(cycle, dict)
        task.internal_data["due"] = cycle["due"]

    def _find_text(self, task: TracedTask) -> str:
        value = evaluate(task, self.text) if is_wrapped(self.text) else self.text
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, timedelta):
            return f"PT{value.total_seconds():f}S"
        if not isinstance(value, str):
            raise ValueUnfit(f"Expected a time, but {self.text} gave {value!r}", expression=self.text)
        return value.strip()


@dataclass(frozen=True)
class MessageDefinition(EventDefinition):
    """The correlation key is computed once, when the task starts to wait."""

    name: str
    correlation_key: str

    def arm(self, task: TracedTask) -> None:
        task.internal_data["wait"] = ["message", self.name, find_correlation_key(task, self.correlation_key)]


@dataclass(frozen=True)
class SignalDefinition(EventDefinition):
    name: str

    def arm(self, task: TracedTask) -> None:
        task.internal_data["wait"] = ["signal", self.name, ""]


@dataclass(frozen=True)
class ConditionDefinition(EventDefinition):
    """An expression over the data visible to the event; `specs.conditions` says when it has come true."""

    text: str

    def arm(self, task: TracedTask) -> None:
        task.internal_data.setdefault("held", False)


@dataclass(frozen=True)
class ErrorDefinition(EventDefinition):
    """On an event that catches no code means: any."""

    code: str | None


@dataclass(frozen=True)
class EscalationDefinition(EventDefinition):
    """On an event that catches no code means: any."""

    code: str | None


@dataclass(frozen=True)
class CancelDefinition(EventDefinition):
    code: str | None = None


@dataclass(frozen=True)
class LinkDefinition(EventDefinition):
    """The parser makes a flow of it."""

    name: str


@dataclass(frozen=True)
class TerminateDefinition(EventDefinition):
    pass
