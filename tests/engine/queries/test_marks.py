"""What of a case is drawn as done and where it stands, for what is armed beside the flow."""

from engine.language.model import read_bpmn, read_frames
from engine.queries.marks import mark_elements
from engine.queries.story import tell_story
from engine.records.history import HistoryRow
from tests.engine.diagrams import bpmn, declare, end, event_sub, flow, process, signal, start, user
from tests.engine.language.trial import BEGIN, Trial

ESP = event_sub(
    "aside",
    start("told", signal("g_M"), isInterrupting="false"),
    user("handle"),
    end("heard"),
    flow("told handle", element="way"),
    flow("handle heard"),
)
XML = bpmn(process("p", start(), user("u"), end(), flow("s u", element="begin"), flow("u e"), ESP), extra=declare("M"))


def marks(trial: Trial) -> dict[str, str]:
    rows = [HistoryRow("case", seq, BEGIN, "u", "r", "step", events) for seq, events in enumerate(trial.steps, 1)]
    return mark_elements(tell_story(rows, trial.specs), "p", read_frames(read_bpmn(XML)))


def test_an_event_sub_process_is_drawn_once_its_event_has_happened() -> None:
    trial = Trial(XML)
    assert marks(trial) == {"s": "done", "begin": "done", "u": "now"}
    trial.deliver("told")
    assert marks(trial) == {
        "s": "done",
        "begin": "done",
        "u": "now",
        "told": "done",
        "way": "done",
        "aside": "now",
        "handle": "now",
    }
