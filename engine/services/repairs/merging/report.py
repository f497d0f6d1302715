"""The two merges: the draft before the leader, and the report of the server."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from engine.services.repairs.merging.grouping import Key, digest, find_key, group, list_pairs, trace
from engine.services.repairs.merging.model import (
    Decisions,
    Draft,
    Gap,
    Info,
    MergedPhoto,
    Note,
    Order,
    Photo,
    Provenance,
    Report,
    Sourced,
    Statement,
)
from engine.services.repairs.merging.picturing import fold
from engine.services.repairs.merging.stating import list_labour, sort_marks, state
from engine.storage.clock import parse_instant


def draft(order: Order, infos: Iterable[Info], decisions: Decisions) -> Draft:
    """The statements merged as far as the rules and the leader's word go, with what he still has to decide."""
    traced = trace(order, infos)
    found: dict[Key, list[Provenance]] = {}
    for one in traced:
        found.setdefault(find_key(one.finding), []).append(one)
    texts = {key: members[0].finding.text for key, members in found.items()}
    groups, pairs = group(found, list_pairs(found, texts, decisions))
    stated = [state(one, decisions) for one in groups]
    lines = {line.key: place for place, line in enumerate(sorted(order.lines, key=lambda line: _natural(line.key)))}
    statements = sorted(
        (statement for statement, _ in stated),
        key=lambda one: (lines.get(one.line, len(lines)), one.line, one.equipment, parse_instant(one.at), one.id),
    )
    places = {statement.id: place for place, statement in enumerate(statements)}
    conflicts = sorted((one for _, some in stated for one in some), key=lambda one: (places[one.statement], one.id))
    return Draft(tuple(statements), pairs, tuple(conflicts), len(traced))


def _natural(key: str) -> tuple[int, str]:
    return len(key), key


def merge(
    order: Order,
    infos: Iterable[Info],
    decisions: Decisions,
    photos: Iterable[Photo],
    *,
    dissents: Iterable[Note] = (),
    without_photos: Iterable[Note] = (),
    closed_without: Iterable[Note] = (),
    addenda: Iterable[Info] = (),
) -> Report:
    """The whole report. What came after the leader went on without somebody is an addendum: it is kept as it was sent
    and merged with nothing. Raises ValueError for statements and photos of somebody who is not of the team.
    """
    order = replace(
        order,
        lines=tuple(sorted(order.lines, key=lambda line: _natural(line.key))),
        members=tuple(sorted(order.members, key=lambda member: (*_natural(member.mark), member.id))),
    )
    drafted = draft(order, infos, decisions)
    merged = fold(order, photos, drafted.statements)
    statements = tuple(_with_photos(one, merged) for one in drafted.statements)
    marks = {member.id: member.mark for member in order.members}
    return Report(
        order=order,
        draft=replace(drafted, statements=statements),
        photos=merged,
        labour=list_labour(
            (one.mark, labour) for statement in statements for one in statement.labour for labour in one.labour
        ),
        analysis=decisions.analysis,
        dissents=_mark(dissents, marks),
        without_photos=_mark(without_photos, marks),
        closed_without=_mark(closed_without, marks),
        addenda=tuple(trace(order, addenda)),
        explained=tuple(sorted(decisions.explained.items())),
    )


def _with_photos(statement: Statement, photos: Iterable[MergedPhoto]) -> Statement:
    return replace(statement, photos=tuple(one.sha256 for one in photos if statement.id in one.statements))


def _mark(notes: Iterable[Note], marks: Mapping[str, str]) -> tuple[Sourced, ...]:
    said = {(marks[note.member], note.text) for note in notes}
    return tuple(Sourced(text, (mark,)) for mark, text in sorted(said))


def find_gaps(report: Report) -> tuple[Gap, ...]:
    """What keeps a report from being complete, without what the leader explained."""
    explained = dict(report.explained)
    return tuple(gap for gap in _list_gaps(report) if gap.id not in explained)


def _list_gaps(report: Report) -> Iterator[Gap]:
    everybody = sort_marks(member.mark for member in report.order.members)
    found = {statement.line for statement in report.draft.statements}
    for line in report.order.lines:
        if line.key not in found:
            yield _gap("line_without_finding", line.key, everybody)
    excused = {mark for note in report.without_photos for mark in note.sources}
    for statement in report.draft.statements:
        if not statement.photos and not set(statement.sources) <= excused:
            yield _gap("finding_without_photo", statement.id, statement.sources)
    for photo in report.photos:
        if not photo.statements:
            yield _gap("photo_without_finding", photo.sha256, sort_marks(one.mark for one in photo.uploads))
    for pair in report.draft.pairs:
        if pair.word is None:
            yield _gap("pair_open", pair.id)
    for conflict in report.draft.conflicts:
        if conflict.chosen is None:
            yield _gap("conflict_open", conflict.id)


def _gap(kind: str, about: str, marks: tuple[str, ...] = ()) -> Gap:
    return Gap(digest("gap", kind, about), kind, about, marks)
