"""What an event on a boundary, or at the start of an event sub-process, is triggered by."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.storage.plain import PlainDict
from tests.engine.diagrams import condition, error, escalation, message, parameters, signal, timer
from tests.engine.language.reference.interpreter import At
from tests.engine.language.reference.strands import Steps, Token
from tests.engine.language.reference.tasks import HOURS, listen, wait_until


@dataclass(frozen=True, eq=False)
class Trigger:
    """`kind`: message, signal, timer, cycle, conditional, error, escalation or cancel; no code catches any.

    `variable` takes over what it brings; `watched` is the one a condition is about.
    """

    name: str
    kind: str
    is_interrupting: bool
    variable: str
    code: str = ""
    due: str = "PT1H"
    watched: str = ""

    def title(self, place: str) -> str:
        return f"{self.kind} {place}" + ("" if self.is_interrupting else ", non-interrupting")

    def draw(self) -> tuple[str, dict[str, str]]:
        """The definition, and attributes of its event."""
        mapped = parameters(outputs={self.variable: "${sent}" if self.kind in ("message", "signal") else "${x}"})
        definitions = {
            "message": mapped + message("m_M"),
            "signal": mapped + signal("g_S"),
            "timer": timer(self.due),
            "cycle": timer(f"R3/{self.due}", "timeCycle"),
            "conditional": condition(self.watched or "no"),
            "error": mapped + error(f"x_{self.code}" if self.code else None),
            "escalation": mapped + escalation(f"c_{self.code}" if self.code else None),
            "cancel": "<bpmn:cancelEventDefinition/>",
        }
        return definitions[self.kind], {"baton__correlationKey": "${key}"} if self.kind == "message" else {}

    def wait(self, at: At, token: Token, firings: "Firings") -> Steps:
        """Gives what it brings, and what was known when it was thrown, if it was."""
        known: PlainDict | None = None
        if self.kind in ("error", "escalation", "cancel"):
            values, known = yield token
        elif self.kind == "cycle":
            values = yield from wait_until(token, firings.due)
        elif self.kind == "conditional":
            values = yield from at.run.watch(at, token, self.watched, firings.is_repeated)
        else:
            values = yield from listen(at, token, self.kind, token.data, self.due)
        return values, known

    def take(self, data: PlainDict, values: PlainDict) -> PlainDict:
        """The data with what it brought."""
        if self.kind in ("timer", "cycle", "conditional", "cancel"):
            return data
        return {**data, self.variable: values.get("sent", values.get("x"))}


class Firings:
    """How often a trigger that does not interrupt fires: a timer once, a cycle three times on a schedule of its own
    (what is missed is over), anything else for ever."""

    def __init__(self, trigger: Trigger, begin: datetime) -> None:
        self.kind, self.is_repeated = trigger.kind, False
        self.instants = [begin + timedelta(hours=HOURS[trigger.due]) * turn for turn in (1, 2, 3)]

    @property
    def due(self) -> datetime:
        return self.instants[0]

    def goes_on(self, now: datetime) -> bool:
        self.is_repeated = True
        if self.kind == "cycle":
            self.instants = [instant for instant in self.instants[1:] if instant > now]
        return self.kind != "timer" and bool(self.instants)
