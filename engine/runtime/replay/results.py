"""What a replay finds out."""

from dataclasses import dataclass, field
from enum import StrEnum

from engine.storage.plain import Plain, PlainDict


class Kind(StrEnum):
    """In what two runs differ; CANNOT_FOLLOW where what was recorded does not fit, and nobody can know what follows."""

    PATH = "path"
    DATA = "data"
    OUTCOME = "outcome"
    CANNOT_FOLLOW = "cannot_follow"


class Reason(StrEnum):
    """The difference itself, the key of its words."""

    ELEMENT = (
        "element"  # another element began or ended: `before` and `now` say which, `after` what they have in common
    )
    FAILED = "failed"  # the element fails now: `error`
    VARIABLE = "variable"  # a variable has another value
    WAIT = "wait"  # a timer is due at another time, or a message is waited for by another name or key
    SENT = "sent"  # another message or signal is sent
    DECISION = "decision"  # a decision a service asks for comes out otherwise: its result is not known
    OUTCOME = "outcome"  # the case ends otherwise
    NOT_OPEN = "not_open"  # what was recorded at the element comes, but it is not open; `now` names what is
    NOT_WAITING = "not_waiting"  # it is open, but waits for something else
    NOT_DUE = "not_due"  # a timer went off that is not due yet: `due_at`
    TIMER_FIRST = "timer_first"  # a timer would have gone off before: `due_at`
    NO_RESULT = "no_result"  # a service is called that was not called there: `topic`
    OTHER_INPUTS = "other_inputs"  # a service is called with other inputs: `topic`, `now`
    POLICY = "policy"  # a service looked at a value of the policy that is another one now: `topic`, `policy`
    CALENDAR = "calendar"  # a service counted by the calendar, which is another one now: `topic`
    FORM_ASKS = "form_asks"  # the form asks for something nobody was asked: `field`
    NOT_MOVED = "not_moved"  # the case was migrated, and cannot be from where it stands now
    NOT_RECORDED = "not_recorded"  # something happened of which the history does not hold what it was


@dataclass(frozen=True)
class Difference:
    """Where two runs part. `seq`: the history row of the step; `facts`: what the reason says besides.

    Values may hold references to personal data, never the data.
    """

    kind: Kind
    reason: Reason
    seq: int
    element: str | None
    before: Plain = None
    now: Plain = None
    facts: PlainDict = field(default_factory=dict)


@dataclass(frozen=True)
class Ending:
    """How far a case came: active, completed or cancelled, and the end event it reached last."""

    status: str
    outcome: str | None


@dataclass(frozen=True)
class Replay:
    """A case run again. `difference`: the first one; `stopped`: where the recorded inputs did not fit any more.

    After a difference in path or data the replay goes on as long as the inputs fit, so that it can tell how the case
    would have ended; `now` is None where it does not know. `steps` were followed, of `total`.
    """

    instance_id: str
    process_key: str
    business_key: str | None
    steps: int
    total: int
    difference: Difference | None
    stopped: Difference | None
    before: Ending
    now: Ending | None

    @property
    def is_same(self) -> bool:
        """Path, data and outcome are those recorded."""
        return self.difference is None
