"""Events in words: known kinds have a text, unknown ones show their names."""

import re
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, g

from engine.language.model import Element
from engine.queries.story import Change, Chapter, Entry
from engine.storage.plain import PlainDict
from web.auditor.timeline import ICONS, name_fact, say_role, stage_scenes
from web.texts import catalogue

ENGINE = Path(__file__).parents[3] / "engine"
NOTED = re.compile(r'(?:\bevent\(\s*|\.note\(\s*|_write\(task, |_describe\()"(\w+)"')
GATE = Element("gw", "exclusiveGateway", "p", name_zh="够吗？", name_en="Enough?")


def tell(*entries: Entry) -> list[tuple[str, str]]:
    chapter = Chapter(1, datetime(2026, 1, 1, tzinfo=UTC), "ann", "individual", "complete", list(entries))
    return [(line.kind, line.words) for line in stage_scenes([chapter])[0].lines]


def entry(kind: str, *changes: Change, **facts: str) -> Entry:
    given: PlainDict = dict(facts)
    return Entry(kind, GATE, None, changes, given)


def test_every_kind_the_engine_writes_has_words() -> None:
    kinds = {kind for file in ENGINE.rglob("*.py") for kind in NOTED.findall(file.read_text(encoding="utf-8"))}
    assert {"entered", "service", "timer", "incident", "order_state"} <= kinds
    assert sorted(kind for kind in kinds if f"event.{kind}" not in catalogue()) == []
    assert sorted(kind for kind in ICONS if f"chapter.{kind}" not in catalogue()) == []


def test_element_passed_in_one_step_is_one_line(app: Flask) -> None:
    with app.test_request_context():
        g.language = "zh"
        assert tell(entry("entered"), entry("service"), entry("completed")) == [
            ("passed", "经过"),
            ("service", "调用服务"),
        ]


def test_changes_of_a_passage_keep_the_first_old_and_the_last_new_value() -> None:
    changes = entry("entered", Change("n", 1, 2)), entry("completed", Change("n", 2, 3), Change("m", None, 1))
    chapter = Chapter(1, datetime(2026, 1, 1, tzinfo=UTC), "ann", "individual", "complete", list(changes))
    assert stage_scenes([chapter])[0].lines[0].changes == (Change("n", 1, 3), Change("m", None, 1))


def test_what_a_called_process_does_not_see_is_not_told_as_gone() -> None:
    chapter = Chapter(
        1, datetime(2026, 1, 1, tzinfo=UTC), "ann", "x", "start", [entry("entered", Change("n", 1, None))]
    )
    assert stage_scenes([chapter])[0].lines[0].changes == ()


def test_seals_and_events_that_only_wait_are_folded_away() -> None:
    timer = Element("late", "boundaryEvent", "p", name_zh="超时", name_en="Late")
    waiting, fired = Entry("entered", timer, None, (), {}), Entry("completed", timer, None, (), {})
    chapter = Chapter(1, datetime(2026, 1, 1, tzinfo=UTC), "ann", "individual", "timer", [waiting, entry("state")])
    assert [line.kind for line in stage_scenes([chapter])[0].records] == ["entered", "state"]
    chapter = Chapter(2, datetime(2026, 1, 1, tzinfo=UTC), "ann", "individual", "timer", [fired])
    assert [line.kind for line in stage_scenes([chapter])[0].lines] == ["completed"]


def test_step_that_moved_the_case_says_from_which_version_to_which() -> None:
    moved = Entry("migrated", None, None, (), {"former_version": 1, "version": 3, "migration": "m"})
    chapters = [
        Chapter(seq, datetime(2026, 1, 1, tzinfo=UTC), "ann", "analyst", kind, [one])
        for seq, kind, one in ((1, "migrate", moved), (2, "complete", entry("completed")))
    ]
    assert [scene.moved for scene in stage_scenes(chapters)] == [(1, 3), None]


def test_an_operator_is_called_the_same_everywhere() -> None:
    assert catalogue()["event.fixed"]["zh"].startswith(catalogue()["acting.platform_operator"]["zh"])


def test_unknown_kinds_roles_and_facts_show_their_names(app: Flask) -> None:
    with app.test_request_context():
        g.language = "en"
        assert tell(entry("moon_landed", crew="3")) == [("moon_landed", "moon_landed")]
        assert say_role("astronaut") == "astronaut"
        assert name_fact("crew") == "crew"
        assert name_fact("payload.crew") == "Payload · crew"
