"""Whatever a team says and photographs, in whatever order it arrives: nothing is lost, nothing decided for the leader.

Hypothesis prints the seed of a failing example.
"""

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from engine.services.repairs.merging import (
    Decisions,
    Finding,
    Info,
    Labour,
    Line,
    Measure,
    Member,
    Order,
    Part,
    Photo,
    Report,
    merge,
)
from engine.services.repairs.merging.grouping import find_key
from engine.services.repairs.merging.model import Provenance

TEAM = (Member("u0", "leader"), Member("u1", "A1"), Member("u2", "A2"), Member("u3", "A3"))
ORDER = Order("WX-1", (Line("1", "主轴"), Line("2", "冷却"), Line("10", "电控")), TEAM)
QUICK = settings(max_examples=40, deadline=None)

instants = some.integers(0, 59).map(lambda minute: f"2026-03-02T08:{minute:02}:00.000000Z")
TEXTS = (
    "主轴轴承磨损严重，需要更换轴承后再试机",
    "主轴轴承磨损严重，需要更换轴承后再试机。",
    "主轴轴承磨损较重，需要更换轴承后再试机",
    "主轴轴承磨损较重，需要更换轴承后重新试机",
    "Coolant leaks at the pump, 12 V",
    "coolant leaks at the pump 12伏",
    "?",
)
VALUES = ("12", "12.0", "13")
findings = some.builds(
    Finding,
    line=some.sampled_from(["1", "2", "10"]),
    text=some.sampled_from(TEXTS),
    equipment=some.sampled_from(["", "CNC-3", "cnc-3"]),
    component=some.sampled_from(["", "轴承"]),
    fault_code=some.sampled_from(["", "", "E07", "e07"]),
    measures=some.lists(
        some.builds(Measure, some.sampled_from(["电压", "振动"]), some.sampled_from(VALUES), some.just("V")),
        max_size=2,
    ).map(tuple),
    action=some.sampled_from(["", "更换轴承", "更换轴承。", "清洗"]),
    parts=some.lists(
        some.builds(Part, some.sampled_from(["6205", "6206"]), some.sampled_from(["", "S1"]), some.integers(1, 3)),
        max_size=2,
    ).map(tuple),
    labour=some.lists(some.builds(Labour, instants, some.just("2026-03-02T09:00:00.000000Z")), max_size=2).map(tuple),
    result=some.sampled_from(["", "fixed", "open"]),
)
infos = some.lists(
    some.builds(
        Info,
        member=some.sampled_from([member.id for member in TEAM]),
        sent_at=instants,
        findings=some.lists(findings, max_size=4).map(tuple),
        version=some.integers(1, 2),
        round=some.integers(1, 2),
    ),
    max_size=6,
)
photos = some.lists(
    some.builds(
        Photo,
        file=some.uuids().map(str),
        sha256=some.sampled_from(["aa", "bb", "cc", "dd"]),
        member=some.sampled_from([member.id for member in TEAM]),
        name=some.sampled_from(["1.jpg", "2.jpg"]),
        uploaded_at=instants,
        perceptual_hash=some.sampled_from(["", "0" * 16, "0" * 15 + "f", "0" * 14 + "ff", "f" * 16]),
        line=some.sampled_from(["", "1", "2"]),
        equipment=some.sampled_from(["", "CNC-3"]),
    ),
    max_size=6,
)


def decide(report: Report, chance: random.Random) -> Decisions:
    """Some words of the leader on what is open in a report."""
    pairs: dict[str, Any] = {one.id: chance.choice(["same", "different"]) for one in report.draft.pairs}
    choices = {one.id: chance.choice(one.options).text for one in report.draft.conflicts if chance.random() < 0.7}
    texts = {one.id: "整理后的文字" for one in report.draft.statements if chance.random() < 0.3}
    return Decisions(pairs, choices, texts)


@QUICK
@given(infos, photos, some.randoms(use_true_random=False))
def test_the_same_inputs_in_any_order_give_the_same_bytes(
    sent: list[Info], taken: list[Photo], chance: random.Random
) -> None:
    decisions = decide(merge(ORDER, sent, Decisions(), taken), chance)
    expected = merge(ORDER, sent, decisions, taken)
    again = [*sent, *sent[:2]], [*taken, *taken[:2]]  # some arrived twice
    order = replace(ORDER, lines=shuffled(ORDER.lines, chance), members=shuffled(ORDER.members, chance))
    pairs = dict(shuffled(tuple(decisions.pairs.items()), chance))
    report = merge(
        order, shuffled(tuple(again[0]), chance), replace(decisions, pairs=pairs), shuffled(tuple(again[1]), chance)
    )
    assert report.to_bytes() == expected.to_bytes()
    assert report.sha256 == expected.sha256


@QUICK
@given(infos, photos, some.randoms(use_true_random=False))
def test_nothing_is_lost(sent: list[Info], taken: list[Photo], chance: random.Random) -> None:
    report = merge(ORDER, sent, decide(merge(ORDER, sent, Decisions(), taken), chance), taken)
    marks = {member.id: member.mark for member in TEAM}
    said = [
        (marks[info.member], info.version, info.round, info.sent_at, finding)
        for info in set(sent)
        for finding in info.findings
    ]
    kept = [
        (one.mark, one.version, one.round, one.sent_at, one.finding)
        for statement in report.draft.statements
        for one in statement.provenance
    ]
    assert sorted(map(repr, kept)) == sorted(map(repr, said))
    assert report.draft.statements_in == len(said) >= len(report.draft.statements)
    for statement in report.draft.statements:
        current = [one for one in statement.provenance if not one.is_superseded]
        assert set(statement.sources) == {one.mark for one in current}
        for field, merged in (("action", statement.actions), ("text", statement.sentences)):
            authors = {one.mark for one in current if getattr(one.finding, field)}
            assert authors <= {mark for text in merged for mark in text.sources}
        for one in current:
            for part in one.finding.parts:
                assert any(sum_.number == part.number and one.mark in sum_.sources for sum_ in statement.parts)
            assert set(one.finding.labour) <= {
                labour for person in statement.labour if person.mark == one.mark for labour in person.labour
            }
    uploads = [upload.file for photo in report.photos for upload in photo.uploads]
    assert sorted(uploads) == sorted(photo.file for photo in set(taken))
    assert len({photo.sha256 for photo in report.photos}) == len(report.photos)
    assert {photo.stack for photo in report.photos} <= {photo.sha256 for photo in report.photos}


@QUICK
@given(infos, some.randoms(use_true_random=False))
def test_no_conflict_and_no_pair_is_decided_silently(sent: list[Info], chance: random.Random) -> None:
    undecided = merge(ORDER, sent, Decisions(), []).draft
    assert not any(one.chosen for one in undecided.conflicts)
    assert not any(one.word for one in undecided.pairs)
    for statement in undecided.statements:
        values: dict[str, set[str]] = {}
        last: dict[tuple[str, str], tuple[int, str]] = {}
        for one in statement.provenance:
            if not one.is_superseded:
                for measure in one.finding.measures:
                    last[measure.name, one.mark] = one.round, measure.value.removesuffix(".0")
        for (name, _), (round_, value) in last.items():
            if round_ == max(other for (named, _), (other, _) in last.items() if named == name):
                values.setdefault(name, set()).add(value)
        standing = {measure.name for measure in statement.measures}
        listed = {one.name for one in undecided.conflicts if one.statement == statement.id and one.field == "measure"}
        assert listed == {name for name, found in values.items() if len(found) > 1}
        assert standing == values.keys() - listed
    # Told apart they stay apart, whatever else was joined.
    decisions = decide(merge(ORDER, sent, Decisions(), []), chance)
    decided = merge(ORDER, sent, decisions, []).draft
    homes = {home_id: one.id for one in decided.statements for home_id in homes_of(one.provenance)}
    for pair in decided.pairs:
        apart = homes[pair.first_text, pair.first] != homes[pair.second_text, pair.second]
        assert apart == (pair.word != "same")


def homes_of(provenance: Iterable[Provenance]) -> set[tuple[str, str]]:
    """By text and key the statements in it."""
    return {(one.finding.text, find_key(one.finding).id) for one in provenance}


def shuffled(items: tuple[Any, ...], chance: random.Random) -> tuple[Any, ...]:
    """The same in another order."""
    return tuple(chance.sample(items, len(items)))
