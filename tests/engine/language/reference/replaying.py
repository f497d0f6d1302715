"""What a comparison did, played again from what was written down of it."""

from collections.abc import Mapping

from engine.definitions.forms import Form
from engine.language.decisions import Decision
from engine.language.sandbox import Sandbox, TimeBudget
from engine.records.history import HistoryRow
from engine.runtime.replay import Ending, RecordedCase, Replay, replay
from engine.runtime.replay.recorded import NOTHING_SENT, Sent
from engine.storage.plain import Plain, PlainDict
from tests.engine.language.trial import SANDBOX, Trial


class TrialDefinitions:
    """The specs of a trial, and where to find them; its decisions are what `TrialHost.decide` gives."""

    policy: Mapping[str, Plain] = {}
    has_own_calendar = True

    def __init__(self, trial: Trial) -> None:
        self.specs, self.calendar = trial.specs, trial.host

    def find(self, pin_set_id: str, process_key: str) -> "TrialDefinitions":
        """The only ones there are."""
        return self

    def decide(self, key: str, values: PlainDict, sandbox: Sandbox, budget: TimeBudget) -> Decision:
        row: PlainDict = {"table": key, "keys": len(values)}
        return Decision(key, (), (row,), row)

    def decide_alone(self, key: str, values: PlainDict, sandbox: Sandbox, budget: TimeBudget) -> Decision:
        raise NotImplementedError("services of trials decide nothing")

    def form(self, key: str) -> Form:
        raise NotImplementedError("tasks of trials have no forms")


def replay_trial(trial: Trial) -> Replay:
    """Plays a trial again from its rows."""
    status = "completed" if trial.is_done else "active"
    rows, sent = list[HistoryRow](), dict[tuple[str, str], Sent]()
    for seq, (at, events) in enumerate(trial.rows, 1):
        sent["trial", str(seq)] = NOTHING_SENT
        for event in events:
            if isinstance(content := event.pop("content", None), dict):
                sent["trial", str(seq)] = Sent(content, None)
        submitted: PlainDict = {"kind": "submitted", "scope": "trial", "token": str(seq)}
        rows.append(HistoryRow("trial", seq, at, "ann", "individual", "step", [*events, submitted]))
    case = RecordedCase("trial", trial.key, None, "", Ending(status, trial.outcome)).tell(rows, sent, len(rows))
    return replay(case, TrialDefinitions(trial), SANDBOX)
