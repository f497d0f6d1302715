"""What of a case is drawn as done and where it stands, for what is armed beside the flow."""

from engine.language.model import read_bpmn, read_frames
from engine.queries.marks import mark_elements
from engine.queries.story import tell_story
from engine.records.history import HistoryRow
from tests.engine.diagrams import bpmn, declare, end, event_sub, flow, process, script, signal, start, sub, user
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


def marks(trial: Trial, xml: bytes = XML) -> dict[str, str]:
    rows = [HistoryRow("case", seq, BEGIN, "u", "r", "step", events) for seq, events in enumerate(trial.steps, 1)]
    return mark_elements(tell_story(rows, trial.specs), "p", read_frames(read_bpmn(xml)))


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


def test_what_holds_a_failed_step_is_marked_as_failed() -> None:
    deep = sub("deep", start("s3"), user("ask"), script("bad", "a = 1 / 0"), end("e3"), flow("s3 ask bad e3"))
    other = sub("other", start("s4"), user("wait"), end("e4"), flow("s4 wait e4"))
    phase = sub("phase", start("s2"), deep, other, end("e2"), flow("s2 deep e2"), flow("s2 other e2"))
    xml = bpmn(process("p", start(), phase, end(), flow("s phase e")))
    trial = Trial(xml)
    assert {marks(trial, xml)[one] for one in ("phase", "deep", "other", "ask", "wait")} == {"now"}
    trial.complete("ask")
    shown = marks(trial, xml)
    assert {one: shown[one] for one in ("phase", "deep", "bad", "other", "wait")} == {
        "phase": "err",
        "deep": "err",
        "bad": "err",
        "other": "now",
        "wait": "now",
    }
