"""The inbox: what is asked for in its address, and the lines, chips and groups that answer it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256
from itertools import groupby
from typing import TypeAlias

from flask import url_for

from engine.queries.definitions import ProcessName
from engine.queries.inbox import (
    ALL,
    BY_DUE,
    COUNT_LIMIT,
    LATE,
    SORTS,
    VIEWS,
    TaskFilter,
    TaskRow,
)
from engine.runtime.assignment import DEFAULT_PRIORITY
from engine.storage.actor import Actor
from engine.storage.frozen import frozen
from web.formatting import DueBadge
from web.here import kept, running
from web.texts import catalogue, text

THIS_WEEK = timedelta(days=7)
TODAY, WEEK = "today", "week"
DUES = (LATE, TODAY, WEEK)
URGENT = "1"
ME, OTHER, POOL = "me", "other", "pool"
State: TypeAlias = tuple[list[tuple[str, int]], bool]
"""What a page shows of the work list: tasks with the versions of their instances, and whether more follow."""


@frozen
class Choice:
    """One answer of a chip, the address that gives it, and how many tasks it would show if that is known."""

    label: str
    url: str
    count: str = ""


@frozen
class Chip:
    """A filter: its choices, or the one that was made and the address without it."""

    label: str
    choices: list[Choice]
    chosen: str = ""
    clear_url: str = ""


@frozen
class Line:
    """A row of the inbox in words. `holder` is ME, OTHER, or POOL where it can be claimed."""

    id: str
    url: str
    name: str
    title: str
    number: str
    since: str
    due: DueBadge | None
    amount: str
    holder: str
    is_urgent: bool


@dataclass(frozen=True)
class Group:
    """Tasks due at about the same time: late, today, week, later, or none where nothing is due; or all in an order."""

    name: str
    lines: list[Line]


class Wanted:
    """What an address of the inbox asks for. What cannot be meant is as if it were not there."""

    def __init__(self, arguments: Mapping[str, str]) -> None:
        def one_of(name: str, allowed: tuple[str, ...], default: str) -> str:
            return arguments[name] if arguments.get(name) in allowed else default

        self.view = one_of("view", VIEWS, ALL)
        self.due = one_of("due", DUES, "")
        self.sort = one_of("sort", SORTS, BY_DUE)
        self.search = arguments.get("q", "").strip()
        self.process_key = arguments.get("process", "")
        self.skill = arguments.get("skill", "")
        self.is_urgent = arguments.get("urgent") == URGENT
        self.after = arguments.get("after")
        fmt = kept().fmt
        today = datetime.combine(fmt.now.astimezone(fmt.zone).date(), time.min, fmt.zone)
        self._write = running().find_address  # a page has ten addresses of the inbox
        self.horizons = {TODAY: today + timedelta(days=1), WEEK: today + THIS_WEEK}

    @property
    def filter(self) -> TaskFilter:
        """The same for the query."""
        now: datetime = kept().fmt.now
        due_from = now if self.due in self.horizons else None
        due_before = now if self.due == LATE else self.horizons.get(self.due)
        return TaskFilter(
            self.view, self.search, self.process_key, self.skill, self.is_urgent, due_from, due_before, self.sort
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether less is asked for than everything."""
        return bool(self.search or self.process_key or self.skill or self.is_urgent or self.due or self.view != ALL)

    def url(self, **changed: str) -> str:
        """The address that asks for the same but for what is changed; the first page of it."""
        places = {
            "view": self.view,
            "due": self.due,
            "sort": self.sort,
            "q": self.search,
            "process": self.process_key,
            "skill": self.skill,
            "urgent": URGENT if self.is_urgent else "",
        } | changed
        defaults = {"view": ALL, "sort": BY_DUE}
        given = {name: one for name, one in places.items() if one and one != defaults.get(name)}
        return str(self._write("staff.inbox", given))

    def hidden(self) -> dict[str, str]:
        """What a search keeps of the address."""
        kept = {"due": self.due, "process": self.process_key, "skill": self.skill}
        kept |= {"view": self.view if self.view != ALL else "", "sort": self.sort if self.sort != BY_DUE else ""}
        return {name: value for name, value in kept.items() if value} | ({"urgent": URGENT} if self.is_urgent else {})


def make_tag(wanted: Wanted, actor: Actor, state: State, counts: Mapping[str, int]) -> str:
    """A name of the page as it looks: of everything that is on it, for whom, in which language, zone and colours, and
    of the minute, because its times are told in minutes from now.
    """
    here = kept()
    looks = (here.secret, actor.party_id, actor.role, here.language, here.theme, here.fmt.zone.key)
    minute = int(here.fmt.now.timestamp() // 60)
    seen = repr((looks, minute, wanted.url(), wanted.after, state, sorted(counts.items())))
    return sha256(seen.encode()).hexdigest()[:32]


def write_count(count: int) -> str:
    """A count that is not counted to its end."""
    return f"{COUNT_LIMIT - 1}+" if count >= COUNT_LIMIT else str(count)


def make_chips(wanted: Wanted, actor: Actor, processes: list[ProcessName], counts: Mapping[str, str]) -> Iterator[Chip]:
    """The filters that make a difference for this person."""
    dues = {due: text(f"inbox.due.{due}") for due in DUES}
    yield _chip(wanted, "due", wanted.due, dues, {LATE: counts[LATE]})
    names = {one.key: kept().fmt.name(one.name_zh, one.name_en) for one in processes}
    if len(names) > 1 or wanted.process_key:
        yield _chip(wanted, "process", wanted.process_key, names)
    if len(actor.skills) > 1 or wanted.skill:
        yield _chip(wanted, "skill", wanted.skill, {skill: _name_skill(skill) for skill in sorted(actor.skills)})
    urgent = {URGENT: text("inbox.urgent")}
    yield _chip(wanted, "urgent", URGENT if wanted.is_urgent else "", urgent)


def _chip(
    wanted: Wanted, name: str, chosen: str, labels: Mapping[str, str], counts: Mapping[str, str] | None = None
) -> Chip:
    label = text(f"inbox.chip.{name}")
    if chosen:
        return Chip(label, [], labels.get(chosen, chosen), wanted.url(**{name: ""}))
    return Chip(
        label, [Choice(label, wanted.url(**{name: key}), (counts or {}).get(key, "")) for key, label in labels.items()]
    )


def _name_skill(skill: str) -> str:
    return text(f"skill.{skill}") if f"skill.{skill}" in catalogue() else skill


def group_lines(wanted: Wanted, actor: Actor, rows: list[TaskRow]) -> list[Group]:
    """The rows of a page in words, by due date where that is their order."""
    task_url = url_for("staff.task", task_id="-").removesuffix("-")
    if wanted.sort != BY_DUE:
        return [Group(wanted.sort, [_write(row, actor, task_url) for row in rows])] if rows else []
    return [Group(name, [_write(row, actor, task_url) for row in group]) for name, group in groupby(rows, _name_group)]


def _write(row: TaskRow, actor: Actor, task_url: str) -> Line:
    fmt = kept().fmt
    name, subject = fmt.name(row.element.name_zh, row.element.name_en), fmt.name(row.subject_zh, row.subject_en)
    return Line(
        row.id,
        task_url + row.id,
        name,
        text("inbox.title", task=name, subject=subject) if subject else name,
        row.business_key or "",
        text("inbox.since", at=fmt.ago(row.created_at)),
        fmt.due(row.due_at, row.created_at) if row.due_at else None,
        "" if row.amount_fen is None else fmt.money(row.amount_fen),
        _name_holder(row, actor),
        row.priority > DEFAULT_PRIORITY,
    )


def _name_holder(row: TaskRow, actor: Actor) -> str:
    if row.assignee_id == actor.user_id or (row.assignee_id is None and actor.party_id == actor.user_id):
        return ME
    return POOL if row.assignee_id is None else OTHER


def _name_group(task: TaskRow) -> str:
    if task.due_at is None:
        return "none"
    now = kept().fmt.now
    if task.due_at < now:
        return LATE
    day, today = (at.astimezone(kept().fmt.zone).date() for at in (task.due_at, now))
    if day == today:
        return TODAY
    return WEEK if day - today < THIS_WEEK else "later"
