"""The rules of merging, one by one. Scenarios 39 to 41 are the first three."""

from dataclasses import replace

import pytest

from engine.services.repairs.merging import (
    Decisions,
    Finding,
    Info,
    Labour,
    Line,
    Measure,
    Member,
    Note,
    Order,
    Part,
    Photo,
    Report,
    draft,
    find_gaps,
    merge,
)
from engine.services.repairs.merging.model import PairWord
from engine.services.repairs.merging.texts import find_similarity, normalise_text

TEAM = tuple(Member(f"u{number}", f"A{number}" if number else "leader") for number in range(4))
ORDER = Order("WX-1", (Line("1", "主轴", "CNC-3"), Line("2", "冷却")), TEAM)
WORN = Finding("1", "主轴轴承磨损", "CNC-3", "轴承", "E07")


def at(minute: int) -> str:
    return f"2026-03-02T08:{minute:02}:00.000000Z"


def sent(member: int, *findings: Finding, minute: int = 0, version: int = 1, round_: int = 1) -> Info:
    return Info(f"u{member}", at(minute or member), findings, version, round_)


def photo(member: int, content: str, bits: int = 0, **given: object) -> Photo:
    found = Photo(f"f{member}{content}", content, f"u{member}", f"{member}.jpg", at(member), f"{bits:016x}", "1")
    return replace(found, **given)  # type: ignore[arg-type]


def test_39_three_report_the_same_fault() -> None:
    volts = [replace(WORN, measures=(Measure("电压", value, "V"),), text=text) for value, text in VOLTS]
    infos = [sent(number, found) for number, found in enumerate(volts, start=1)]
    merged = draft(ORDER, infos, Decisions())
    assert merged.statements_in == 3
    (statement,) = merged.statements
    assert [(one.text, one.sources) for one in statement.sentences] == [("主轴轴承磨损", ("A1", "A2", "A3"))]
    assert not statement.measures  # nothing is decided silently
    (conflict,) = merged.conflicts
    assert [(one.text, one.sources) for one in conflict.options] == [("11.8 V", ("A3",)), ("12.0 V", ("A1", "A2"))]
    assert conflict.chosen is None

    decided = draft(ORDER, infos, Decisions(choices={conflict.id: "12.0 V"}))
    (measure,) = decided.statements[0].measures
    assert (measure.value, measure.sources, measure.at) == ("12.0", ("A1", "A2"), at(2))
    assert decided.conflicts[0].chosen == "12.0 V"
    assert {one.finding.measures[0].value for one in decided.statements[0].provenance} == {"12.0", "12", "11.8"}
    both = draft(ORDER, infos, Decisions(choices={conflict.id: "*"})).statements[0].measures
    assert [(one.value, one.sources) for one in both] == [("11.8", ("A3",)), ("12.0", ("A1", "A2"))]
    # Another value is another conflict: the word does not hold for it.
    more = [*infos, sent(0, replace(WORN, measures=(Measure("电压", "13", "V"),)))]
    assert draft(ORDER, more, Decisions(choices={conflict.id: "12.0 V"})).conflicts[0].chosen is None


VOLTS = [("12.0", "主轴轴承磨损"), ("12", "主轴轴承磨损。"), ("11.8", "主轴 轴承磨损")]


def test_40_the_same_photo_of_two_members_is_one_with_both_names() -> None:
    report = merge(ORDER, [sent(1, WORN)], Decisions(), [photo(1, "aa"), photo(2, "aa"), photo(3, "bb", 0b111111)])
    first, other = report.photos
    assert [(one.mark, one.name) for one in first.uploads] == [("A1", "1.jpg"), ("A2", "2.jpg")]
    # It looks like the first one, lies on its stack and is still there; seven bits are too many.
    assert (other.sha256, other.stack) == ("bb", "aa")
    apart = merge(ORDER, [], Decisions(), [photo(1, "aa"), photo(3, "bb", 0b1111111)])
    assert [one.stack for one in apart.photos] == ["aa", "bb"]
    # Looking alike is not transitive: each is compared with the first of its stack.
    chain = merge(ORDER, [], Decisions(), [photo(n, str(n), 2 ** (4 * (n - 1)) - 1) for n in (1, 2, 3)])
    assert [one.stack for one in chain.photos] == ["1", "1", "3"]


def test_41_merged_twice_the_bytes_are_identical() -> None:
    worn = [replace(WORN, labour=(Labour(at(n), at(n + 20)),)) for n in (1, 2, 3)]
    infos = [sent(n, one, Finding("2", f"漏液{n}"), minute=9) for n, one in enumerate(worn, start=1)]
    photos = [photo(1, "aa"), photo(2, "aa")]
    first = merge(ORDER, infos, Decisions(), photos)
    assert first.to_bytes() == merge(ORDER, infos[::-1], Decisions(), photos[::-1]).to_bytes()
    assert first.sha256 != merge(ORDER, infos[:2], Decisions(), photos).sha256
    assert first.sha256 == PINNED
    assert [(one.mark, one.minutes) for one in first.labour] == [("A1", 20), ("A2", 20), ("A3", 20)]


# What this report was when the test was written: it is the same on another day, machine and version of Python.
PINNED = "f70d9c16467d2b662c0ab64931bc4aa4ccbebd5dbcfacc218f45f08c00aa0420"


def test_similar_free_findings_are_one_by_the_leaders_word_alone() -> None:
    texts = [f"冷却泵{where}处漏液，已{how}现场并作标记，待查" for where, how in SIMILAR]
    infos = [sent(n, Finding("2", text)) for n, text in enumerate(texts, start=1)]
    undecided = draft(ORDER, infos, Decisions())
    assert len(undecided.statements) == 3
    assert len(undecided.pairs) == 2  # the first and the last one are not similar enough: no cluster
    words = {one.id: "same" for one in undecided.pairs}
    assert len(draft(ORDER, infos, Decisions(pairs=words)).statements) == 1  # type: ignore[arg-type]
    apart = draft(ORDER, infos, Decisions(pairs=dict.fromkeys(words, "different")))
    assert len(apart.statements) == 3
    # On another machine or another line nothing is alike.
    other = [infos[0], sent(2, Finding("1", texts[1])), sent(3, Finding("2", texts[1], equipment="P-2"))]
    assert len(draft(ORDER, other, Decisions()).pairs) == 1
    named = [sent(1, Finding("2", texts[0], equipment="P-1")), other[2]]
    assert not draft(ORDER, named, Decisions()).pairs


def test_what_the_leader_told_apart_is_joined_by_no_third_statement() -> None:
    text = "冷却泵出口管接头处漏液，已清理现场并作标记，待停机后更换密封{}"
    infos = [sent(n, Finding("2", text.format(last))) for n, last in enumerate("圈件环", start=1)]
    pairs = draft(ORDER, infos, Decisions()).pairs
    assert len(pairs) == 3
    for apart in pairs:
        words: dict[str, PairWord] = {one.id: "different" if one == apart else "same" for one in pairs}
        found = draft(ORDER, infos, Decisions(pairs=words))
        assert len(found.statements) == 2
        assert not any({apart.first, apart.second} <= {*one.keys} for one in found.statements)
        assert sorted(str(one.word) for one in found.pairs) == [
            "None",
            "different",
            "same",
        ]  # one word is asked for again


SIMILAR = [("接口", "清理"), ("接头", "清理"), ("接头", "整理")]


@pytest.mark.parametrize(
    ("first", "other", "is_same"),
    [
        ("电压为 12.50 伏，轴承磨损。", "电压为12.5V;轴承磨损", True),
        ("ＰＵＭＰ leaks −5 ℃", "pump leaks -5°C", True),
        ("绝缘 5 MΩ", "绝缘 5 mΩ", False),
        ("间隙 0.5 mm", "间隙 5 mm", False),
        ("温差 5 度", "温差 -5 度", False),
    ],
)
def test_what_makes_no_difference_in_a_text(first: str, other: str, is_same: bool) -> None:
    assert (normalise_text(first) == normalise_text(other)) is is_same


def test_how_similar_texts_are() -> None:
    assert find_similarity("", "") == find_similarity("abc", "abc") == 100
    assert find_similarity("abc", "xyz") == 0
    assert find_similarity("abcdefghijklmnopqrst", "abcdefghijklmnopqrsx") == 90


def test_the_last_state_counts_for_one_author_only() -> None:
    first = replace(WORN, measures=(Measure("电压", "11", "V"),), result="open", parts=(Part("6205", quantity=2),))
    second = replace(first, measures=(Measure("电压", "12", "V"),), result="fixed")
    (statement,) = draft(ORDER, [sent(1, first), sent(1, second, minute=9, version=2)], Decisions()).statements
    assert [(one.value, one.at) for one in statement.measures] == [("12", at(9))]
    assert [one.text for one in statement.results] == ["fixed"]
    assert [one.quantity for one in statement.parts] == [2]  # a supplement takes the place of what it supplements
    assert [one.is_superseded for one in statement.provenance] == [True, False]
    # A later day sees the later state, whoever saw it; results that differ on one day are for the leader.
    later = draft(ORDER, [sent(1, first), sent(2, second, round_=2)], Decisions())
    assert not later.conflicts
    assert [one.quantity for one in later.statements[0].parts] == [4]
    assert [one.field for one in draft(ORDER, [sent(1, first), sent(2, second)], Decisions()).conflicts] == [
        "measure",
        "result",
    ]


def test_actions_are_united_parts_summed_and_pieces_counted_once() -> None:
    ones = replace(WORN, action="更换轴承", parts=(Part("6205", "S1"), Part("6206", quantity=2)))
    others = replace(WORN, action="更换轴承。", parts=(Part("6205", "s1"), Part("6206", quantity=1)))
    cleaned = replace(WORN, action="清洗")
    (statement,) = draft(ORDER, [sent(1, ones), sent(2, others), sent(3, cleaned)], Decisions()).statements
    assert [(one.text, one.sources) for one in statement.actions] == [("更换轴承", ("A1", "A2")), ("清洗", ("A3",))]
    assert [(one.number, one.quantity, one.serials, one.sources) for one in statement.parts] == [
        ("6205", 1, ("S1",), ("A1", "A2")),
        ("6206", 3, (), ("A1", "A2")),
    ]


def test_an_edited_text_carries_the_leaders_mark_and_leaves_the_sources() -> None:
    infos = [sent(1, WORN), sent(2, replace(WORN, text="轴承有异响"))]
    (before,) = draft(ORDER, infos, Decisions()).statements
    assert [one.sources for one in before.sentences] == [("A1",), ("A2",)]
    (after,) = draft(ORDER, infos, Decisions(texts={before.id: "轴承磨损并有异响"})).statements
    assert [(one.text, one.sources) for one in after.sentences] == [("轴承磨损并有异响", ("leader", "A1", "A2"))]
    assert [one.finding.text for one in after.provenance] == ["主轴轴承磨损", "轴承有异响"]


def kinds(report: Report) -> list[tuple[str, str]]:
    return [(one.kind, ",".join(one.marks)) for one in find_gaps(report)]


def test_photos_belong_to_what_they_show_and_gaps_are_told() -> None:
    early = Finding("1", "导轨缺油", labour=(Labour(at(0), at(5)),))
    late = Finding("1", "电机过热", equipment="M-1", labour=(Labour(at(30), at(40)),))
    infos = [sent(1, early), sent(2, late)]
    photos = [
        photo(1, "aa", taken_at=at(4)),
        photo(2, "bb", taken_at=at(6), equipment="m-1", perceptual_hash=""),
        photo(3, "cc", taken_at=at(10), line="2", perceptual_hash=""),
    ]
    report = merge(ORDER, infos, Decisions(), photos)
    linked = {one.sentences[0].text: one.photos for one in report.draft.statements}
    assert linked == {"导轨缺油": ("aa",), "电机过热": ("bb",)}  # by time, by tag
    assert kinds(report) == [("line_without_finding", "leader,A1,A2,A3"), ("photo_without_finding", "A3")]
    explained = {one.id: "客户已自行处理" for one in find_gaps(report)}
    assert not find_gaps(merge(ORDER, infos, Decisions(explained=explained), photos))

    bare = merge(ORDER, infos, Decisions(), photos[:1], without_photos=[Note("u2", "现场禁止拍照")])
    assert kinds(bare) == [("line_without_finding", "leader,A1,A2,A3")]
    assert ("finding_without_photo", "A2") in kinds(merge(ORDER, infos, Decisions(), photos[:1]))


def test_what_came_late_is_an_addendum_and_strangers_are_refused() -> None:
    notes = [Note("u3", "联系不上")]
    report = merge(ORDER, [sent(1, WORN)], Decisions(), [], closed_without=notes, addenda=[sent(3, WORN, minute=50)])
    assert [(one.text, one.sources) for one in report.closed_without] == [("联系不上", ("A3",))]
    assert [(one.mark, one.sent_at) for one in report.addenda] == [("A3", at(50))]
    assert report.draft.statements[0].sources == ("A1",)
    with pytest.raises(ValueError, match="u9"):
        draft(ORDER, [sent(9, WORN)], Decisions())


def test_the_report_goes_by_line_then_equipment_then_time() -> None:
    lines = (Line("10"), Line("2"), Line("1"))
    found = [Finding(line, f"{line}{name}{n}", name, labour=(Labour(at(n), at(59)),)) for line, name, n in ORDERED]
    infos = [sent(1, *found[::-1])]
    texts = [one.sentences[0].text for one in draft(replace(ORDER, lines=lines), infos, Decisions()).statements]
    assert texts == [one.text for one in found]


ORDERED = [("1", "A", 3), ("1", "A", 9), ("1", "B", 1), ("2", "A", 0), ("10", "A", 0)]
