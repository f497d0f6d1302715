"""How statements that are one become one: each field by a rule of its own, and differing values as conflicts."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from engine.services.repairs.merging.grouping import Group, digest
from engine.services.repairs.merging.model import (
    ALL,
    LEADER,
    Conflict,
    Decisions,
    Labour,
    Labourer,
    Measure,
    Part,
    Provenance,
    Sourced,
    SourcedMeasure,
    SourcedPart,
    Statement,
)
from engine.services.repairs.merging.texts import normalise_code, normalise_text, normalise_unit, normalise_value
from engine.storage.clock import parse_instant


def state(group: Group, decisions: Decisions) -> tuple[Statement, tuple[Conflict, ...]]:
    """The merged statement of a group, and where its authors differ. Statements that their author superseded stay in
    the provenance only.
    """
    current = sorted((one for one in group.members if not one.is_superseded), key=_place)
    marks = sort_marks(one.mark for one in current)
    edited = next((decisions.texts[key.id] for key in group.keys if decisions.texts.get(key.id)), None)
    sentences = unite((one.mark, one.finding.text) for one in current)
    measures, measure_conflicts = _weigh_measures(group.id, current, decisions)
    results, result_conflicts = _weigh_results(group.id, current, decisions)
    first = current[0].finding
    statement = Statement(
        id=group.id,
        keys=tuple(key.id for key in group.keys),
        line=first.line,
        equipment=next((one.finding.equipment for one in current if one.finding.equipment), ""),
        component=next((one.finding.component for one in current if one.finding.component), ""),
        fault_code=first.fault_code,
        at=min((_began(one) for one in current), key=parse_instant),
        sentences=(Sourced(edited, sort_marks({*marks, LEADER})),) if edited else sentences,
        measures=measures,
        actions=unite((one.mark, one.finding.action) for one in current),
        parts=sum_parts((one.mark, part) for one in current for part in one.finding.parts),
        labour=list_labour((one.mark, labour) for one in current for labour in one.finding.labour),
        results=results,
        follow_ups=unite((one.mark, one.finding.follow_up) for one in current),
        is_edited=edited is not None,
        photos=(),
        sources=marks,
        provenance=tuple(sorted(group.members, key=_place)),
    )
    return statement, (*measure_conflicts, *result_conflicts)


def _place(one: Provenance) -> tuple[int, datetime, tuple[bool, int, str], int]:
    # Sorting keeps the order of one author's statements, in which the last one counts.
    return one.round, parse_instant(one.sent_at), _place_mark(one.mark), one.version


def _began(one: Provenance) -> str:
    return min((labour.begins_at for labour in one.finding.labour), key=parse_instant, default=one.sent_at)


def _place_mark(mark: str) -> tuple[bool, int, str]:
    return mark != LEADER, len(mark), mark


def sort_marks(marks: Iterable[str]) -> tuple[str, ...]:
    """Each mark once: the leader's, A1, A2, …, A10."""
    return tuple(sorted(set(marks), key=_place_mark))


def unite(texts: Iterable[tuple[str, str]]) -> tuple[Sourced, ...]:
    """Each text once, in its first wording, with the marks of all who say so."""
    found: dict[str, tuple[str, list[str]]] = {}
    for mark, text in texts:
        if text:
            found.setdefault(normalise_text(text), (text, []))[1].append(mark)
    return tuple(Sourced(text, sort_marks(marks)) for text, marks in found.values())


def sum_parts(parts: Iterable[tuple[str, Part]]) -> tuple[SourcedPart, ...]:
    """Parts by their number. A piece with a serial number counts once, whoever names it."""
    found: dict[str, list[tuple[str, Part]]] = {}
    for mark, part in parts:
        found.setdefault(normalise_code(part.number), []).append((mark, part))
    return tuple(_sum_part(found[number]) for number in sorted(found))


def _sum_part(entries: list[tuple[str, Part]]) -> SourcedPart:
    pieces: dict[str, Part] = {}
    for _, part in entries:
        if part.serial:
            kept = pieces.setdefault(normalise_code(part.serial), part)
            pieces[normalise_code(part.serial)] = max(kept, part, key=lambda one: one.quantity)
    loose = sum(part.quantity for _, part in entries if not part.serial)
    return SourcedPart(
        entries[0][1].number,
        loose + sum(part.quantity for part in pieces.values()),
        tuple(pieces[serial].serial for serial in sorted(pieces)),
        sort_marks(mark for mark, _ in entries),
    )


def list_labour(labour: Iterable[tuple[str, Labour]]) -> tuple[Labourer, ...]:
    """The time of each person; what overlaps counts once for him, and never together with that of others."""
    found: dict[str, set[Labour]] = {}
    for mark, one in labour:
        found.setdefault(mark, set()).add(one)
    return tuple(_sum_labour(mark, found[mark]) for mark in sort_marks(found))


def _sum_labour(mark: str, labour: set[Labour]) -> Labourer:
    spans = sorted((parse_instant(one.begins_at), parse_instant(one.ends_at), one) for one in labour)
    total, until = timedelta(), spans[0][0]
    for begins_at, ends_at, _ in spans:
        total += max(ends_at - max(begins_at, until), timedelta())
        until = max(until, ends_at)
    return Labourer(mark, tuple(one for _, _, one in spans), int(total.total_seconds() // 60))


_Value = tuple[str, str]  # as it is compared, as it is shown


def _weigh_measures(
    group: str, current: list[Provenance], decisions: Decisions
) -> tuple[tuple[SourcedMeasure, ...], list[Conflict]]:
    names: dict[str, str] = {}
    for one in current:
        for measure in one.finding.measures:
            names.setdefault(normalise_code(measure.name), measure.name)
    standing, conflicts = [], []
    for name in sorted(names):
        last: dict[str, tuple[Provenance, Measure]] = {}
        for one in current:
            for measure in one.finding.measures:
                if normalise_code(measure.name) == name:
                    last[one.mark] = one, measure
        latest = max(one.round for one, _ in last.values())
        said = {mark: (one, measure) for mark, (one, measure) in last.items() if one.round == latest}
        values = {mark: _measure_value(measure) for mark, (_, measure) in said.items()}
        conflict, options = _weigh(group, "measure", names[name], values, decisions)
        conflicts += [conflict] if conflict else []
        for option in options:
            one, measure = next(said[mark] for mark in option.sources)
            at = max((said[mark][0].sent_at for mark in option.sources), key=parse_instant)
            standing.append(SourcedMeasure(names[name], measure.value, measure.unit, at, option.sources))
    return tuple(standing), conflicts


def _measure_value(measure: Measure) -> _Value:
    compared = f"{normalise_value(measure.value)} {normalise_unit(measure.unit)}"
    return compared, f"{measure.value} {measure.unit}".strip()


def _weigh_results(
    group: str, current: list[Provenance], decisions: Decisions
) -> tuple[tuple[Sourced, ...], list[Conflict]]:
    last = {one.mark: one for one in current if one.finding.result}
    if not last:
        return (), []
    latest = max(one.round for one in last.values())
    values = {mark: (one.finding.result,) * 2 for mark, one in last.items() if one.round == latest}
    conflict, options = _weigh(group, "result", "", values, decisions)
    return options, [conflict] if conflict else []


def _weigh(
    group: str, field: str, name: str, values: dict[str, _Value], decisions: Decisions
) -> tuple[Conflict | None, tuple[Sourced, ...]]:
    """What stands: the only value, or what the leader chose of those that differ, one of them or all. His choice holds
    for just these values: another one is another conflict.
    """
    found: dict[str, list[str]] = {}
    for mark in sort_marks(values):
        found.setdefault(values[mark][0], []).append(mark)
    options = tuple(Sourced(values[marks[0]][1], sort_marks(marks)) for _, marks in sorted(found.items()))
    if len(options) == 1:
        return None, options
    id_ = digest("conflict", group, field, normalise_code(name), sorted(found))
    choice = decisions.choices.get(id_)
    standing = tuple(option for option in options if choice in (option.text, ALL))
    return Conflict(id_, group, field, name, options, choice if standing else None), standing
