"""What the scan finds in texts and files, and what the decision table makes of it."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from engine.definitions.calendars import CompanyDays
from engine.language.decisions import decide, parse_decisions
from engine.runtime.calendar import WorkingCalendar
from engine.runtime.engine import Engine
from engine.services.reviews.reasons import REASONS
from engine.services.reviews.scanning import count_duplicates, count_words, is_related
from engine.services.reviews.subjects import Subject
from engine.services.reviews.topics import take_share
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import file
from tests.support.clock import ManualClock

ROOT = Path(__file__).parents[4]
CALENDAR = WorkingCalendar(CompanyDays(), ZoneInfo("Asia/Shanghai"))
NOTHING: PlainDict = {
    "subject_type": "content",
    "blocked_words": 0,
    "watched_words": 0,
    "missing_fields": 0,
    "own_duplicates": 0,
    "foreign_duplicates": 0,
    "is_suspended": False,
    "is_related": False,
    "was_returned": False,
    "is_known": True,
}


@pytest.mark.parametrize(
    ("level", "texts", "count"),
    [
        ("block", ["正规维修，持证上岗"], 0),
        ("block", ["可代开发票"], 1),
        ("block", ["可代 开-发。票，代开发票"], 1),
        ("block", ["代开", "发票"], 0),
        ("block", ["Fake  Invoice and ＮＡＲＣＯＴＩＣＳ"], 2),
        ("block", ["firearmsmith"], 0),
        ("watch", ["加微信，线下付款"], 2),
        ("watch", ["off-platform payment"], 2),
        ("watch", [], 0),
    ],
)
def test_words_are_found_however_they_are_written(level: str, texts: list[str], count: int) -> None:
    assert count_words(level, texts) == count


def test_files_of_other_cases_are_told_apart_by_who_used_them(engine: Engine, clock: ManualClock) -> None:
    def work(unit: UnitOfWork) -> PlainDict:
        used: list[tuple[str, str, str | None]] = [
            ("a", "ann", "case1"),
            ("b", "bob", "case1"),
            ("b", "ann", "case2"),
            ("c", "ann", "here"),
            ("d", "bob", None),  # uploaded, never handed in
        ]
        for number, (sha256, owner, case) in enumerate(used):
            row = {"id": f"f{number}", "sha256": sha256, "size_bytes": 1, "media_type": "image/png", "name": "a.png"}
            row |= {"owner_id": owner, "instance_id": case, "stored_at": clock(), "seal": b""}
            unit.connection.execute(insert(file), row)
        subject = Subject((), files=("a", "b", "c", "d", "e"))
        return count_duplicates(unit.connection, "here", "ann", subject)

    assert engine.database.transact(work) == {"own_duplicates": 1, "foreign_duplicates": 1}


def test_a_person_on_both_sides_is_related_a_single_side_is_not(engine: Engine) -> None:
    with engine.database.read() as connection:
        assert is_related(connection, "ann", ["ann"]) is False
        assert is_related(connection, "ann", ["ann", "bob"]) is False


@pytest.mark.parametrize(
    ("duration", "percent", "share"),
    [
        ("PT4H", 50, "PT2H0M"),
        ("PT4H", 80, "PT3H12M"),
        ("P1D", 100, "PT24H0M"),
        ("WT:P1D", 50, "WT:PT4H30M"),
        ("WT:P1DT2H", 100, "WT:PT11H0M"),
        ("PT1M", 50, "PT0H1M"),
    ],
)
def test_a_share_of_a_duration(clock: ManualClock, duration: str, percent: int, share: str) -> None:
    assert take_share(duration, percent, clock(), CALENDAR) == share


@pytest.mark.parametrize(
    ("found", "result", "is_risky"),
    [
        ({}, "pass", False),
        ({"blocked_words": 1, "is_known": False}, "block", False),
        ({"is_suspended": True, "was_returned": True}, "block", False),
        ({"is_known": False}, "manual", False),
        ({"foreign_duplicates": 2}, "manual", True),
        ({"is_related": True}, "manual", True),
        ({"was_returned": True}, "manual", False),
        ({"own_duplicates": 1}, "pass", False),
        ({"own_duplicates": 1, "subject_type": "result"}, "manual", False),
        ({"watched_words": 1}, "manual", False),
        ({"missing_fields": 1}, "manual", False),
    ],
)
def test_the_table(engine: Engine, found: PlainDict, result: str, is_risky: bool) -> None:
    [table] = parse_decisions((ROOT / "bpmn/shared/review_precheck.dmn").read_bytes())
    decision = decide(table, {**NOTHING, **found}, engine.sandbox)
    assert decision.result == {"result": result, "is_risky": is_risky}


def test_the_form_offers_exactly_the_reasons_there_are_words_for() -> None:
    components = json.loads((ROOT / "forms/shared/review.form").read_text(encoding="utf-8"))["components"]
    [reasons] = [one for one in components if one.get("key") == "reason_codes"]
    offered: dict[str, Plain] = {one["value"]: one["label"] for one in reasons["values"]}
    assert offered == {code: zh for code, (zh, _) in REASONS.items()}
    assert reasons["i18n"]["en"]["values"] == {code: en for code, (_, en) in REASONS.items()}
