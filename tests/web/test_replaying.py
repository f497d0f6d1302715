"""What `./run replay` says, and every difference in words of both languages."""

import json
import shutil
from pathlib import Path

import pytest

from engine.runtime.replay import Difference, Ending, Kind, Reason, Replay
from engine.storage.plain import Plain, PlainDict
from tests.support.stage import ROOT
from web.cli import main
from web.replaying import describe_difference, describe_replay, to_json
from web.texts import LANGUAGES, catalogue

FACTS: dict[Reason, PlainDict] = {
    Reason.ELEMENT: {"after": "gw"},
    Reason.FAILED: {"after": "gw", "error": "no such name"},
    Reason.VARIABLE: {"variable": "fee.rate_bps"},
    Reason.DECISION: {"table": "fees", "rules_before": ["r1"], "rules_now": ["r2"]},
    Reason.NO_RESULT: {"topic": "pay"},
    Reason.OTHER_INPUTS: {"topic": "pay"},
    Reason.POLICY: {"topic": "pay", "policy": "limit"},
    Reason.CALENDAR: {"topic": "pay"},
    Reason.FORM_ASKS: {"form": "a/b", "field": "why"},
    Reason.NOT_DUE: {"due_at": "2026-11-22T08:00:00Z"},
    Reason.TIMER_FIRST: {"due_at": "2026-11-22T08:00:00Z"},
}
ABOUT: dict[Reason, PlainDict] = {
    Reason.ELEMENT: {"kind": "entered", "element": "x"},
    Reason.FAILED: {"kind": "failed", "element": "x"},
    Reason.WAIT: {"kind": "waiting", "element": "x", "awaits": "timer", "due_at": "2026-11-22T08:00:00Z"},
    Reason.SENT: {"kind": "published", "name": "paid", "key": "7"},
}


@pytest.fixture
def demo(demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(demo_folder, tmp_path / "data")
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def test_cases_are_the_same_or_the_first_difference_is_told(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--all", "hire_order", "--last", "3"]) == 0
    said = capsys.readouterr().out
    assert said.count("the same in path, data and outcome") == 3
    assert said.endswith("3 the same\n")
    number = said.split()[1].rstrip(":")
    assert main(["replay", number, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["same"], told["difference"], told["business_key"]) == (True, None, number)


def test_a_changed_table_is_told(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fees = demo / "bpmn" / "shared" / "fee_schedule.dmn"
    fees.parent.mkdir(parents=True)
    text = (ROOT / "bpmn" / "shared" / "fee_schedule.dmn").read_text(encoding="utf-8")
    fees.write_text(text.replace("<text>1000</text>", "<text>1200</text>"), encoding="utf-8")
    assert main(["replay", "--all", "hire_order", "--last", "1", "--with", str(fees)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("differs at history row 2: at set_fee fee.rate_bps was 1000, now it is 1200")
    assert "list_order calls list_order with other inputs" in said[1]


def test_what_cannot_be_played_is_refused(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = demo / "broken.bpmn"
    broken.write_text("<nonsense/>", encoding="utf-8")
    for arguments in (["nobody"], ["--all", "nothing"], ["--all", "errand", "--with", str(broken)]):
        assert main(["replay", *arguments]) == 2
        told = capsys.readouterr()
        assert (told.out, bool(told.err)) == ("", True)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words(reason: Reason) -> None:
    value: Plain = ["a", "b"] if reason is Reason.NOT_OPEN else {"kind": "buy", "who": {"$vault": "v1"}}
    about = ABOUT.get(reason, value)
    found = Difference(Kind.PATH, reason, 2, "pay", about, about, FACTS.get(reason, {}))
    for language in LANGUAGES:
        words = describe_difference(found, language)
        assert words
        assert "v1" not in words
    assert "entered" not in describe_difference(found, "zh")


def test_how_a_case_would_have_ended_is_told_where_it_is_known() -> None:
    found = Difference(Kind.DATA, Reason.VARIABLE, 4, "rate", {"$vault": "v1"}, 2, {"variable": "bps"})
    was, now = Ending("completed", "done"), Ending("completed", "small")
    told = Replay("i", "trial", "T-1", 5, 5, found, None, was, now)
    assert describe_replay(told, "en") == [
        'trial T-1: differs at history row 4: at rate bps was "…", now it is 2',
        "  it was completed (done) and would be completed (small)",
    ]
    assert "v1" not in json.dumps(to_json(told))
    assert {f"replay.kind.{kind}" for kind in (*Kind, "same")} <= catalogue().keys()
