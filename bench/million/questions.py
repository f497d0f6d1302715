"""What people ask a database of many cases, with values that many cases have and values that few do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sqlalchemy import select

from bench.million.crowd import BUSY, FEW
from bench.million.samples import KEYS, NEW, RETIRED
from bench.million.words import ACTIONS, PLACES, SURNAMES, THINGS, Skewed
from engine.queries.cases import CaseFilter, search_cases
from engine.queries.inbox import BY_CREATED, BY_PRIORITY, GROUP, MINE, TaskFilter, count_tasks, list_tasks
from engine.queries.inspection import Look, fetch_case
from engine.runtime.engine import Engine
from engine.storage.actor import PLATFORM, Actor
from engine.storage.tables import instance, instance_party
from tests.support.clock import START

AUDITOR = Actor("auditor-1", PLATFORM, "auditor", frozenset({"auditor"}))
REVIEWER = Actor("reviewer-1", PLATFORM, "platform_reviewer", frozenset({"platform_reviewer"}), frozenset({"content"}))
FINANCE = Actor("finance-1", PLATFORM, "platform_finance", frozenset({"platform_finance"}))
Question = Callable[[Engine], object]
ELEMENT = f"check_{KEYS[0]}"
DAY = timedelta(days=1)
KINDS = ("text", "party", "process", "status", "element", "dates")


def person(name: str) -> Actor:
    """Somebody who acts for himself."""
    return Actor(name, name, "individual", frozenset({"individual"}))


def list_inbox_questions() -> dict[str, Question]:
    """The first page with its counts for people with few and many tasks, and what the page offers."""
    people = {
        "reviewer, 60 % of all tasks": REVIEWER,
        "finance, 5 %": FINANCE,
        "a person with 3 %": person(BUSY),
        "a person with 8 tasks": person(FEW),
    }
    asked: dict[str, Question] = {
        name: lambda engine, actor=actor: (list_tasks(engine, actor), count_tasks(engine, actor))  # type: ignore[misc]
        for name, actor in people.items()
    }
    filters = {
        "by priority": TaskFilter(sort=BY_PRIORITY),
        "by age": TaskFilter(sort=BY_CREATED),
        "of a common process": TaskFilter(process_key=KEYS[0]),
        "of a rare process": TaskFilter(process_key=KEYS[-1]),
        "urgent": TaskFilter(is_urgent=True),
        "mine": TaskFilter(view=MINE),
        "my groups'": TaskFilter(view=GROUP),
        "searched, a common word": TaskFilter(search=THINGS[0][0]),
        "searched, a rare word": TaskFilter(search=THINGS[-1][0]),
        "searched, in English": TaskFilter(search="calibration"),
        "searched, no such thing": TaskFilter(search="zeppelin"),
    }
    for told, wanted in filters.items():
        asked[f"reviewer, {told}"] = lambda engine, wanted=wanted: list_tasks(engine, REVIEWER, wanted)  # type: ignore[misc]
    return asked


def list_searches() -> dict[str, CaseFilter]:
    """Every filter by itself and in pairs that make sense."""
    now = START
    return {
        "everything": CaseFilter(),
        "a number": CaseFilter(text="00000777"),
        "end of a number": CaseFilter(text="0777"),
        "two Chinese characters, common": CaseFilter(text="空调"),
        "two Chinese characters, rare": CaseFilter(text="漠河"),
        "one Chinese character": CaseFilter(text="佛"),
        "four Chinese characters": CaseFilter(text="水泵维修"),
        "an English word, common": CaseFilter(text="Repair"),
        "an English word, rare": CaseFilter(text="fumigation"),
        "two English letters": CaseFilter(text="ai"),
        "no such word": CaseFilter(text="zeppelin"),
        "a party": CaseFilter(party="party-0"),
        "a part of a name": CaseFilter(party="王鑫"),
        "a part of many names": CaseFilter(party="有限公司"),
        "a process": CaseFilter(process_key=KEYS[0]),
        "a process of former years": CaseFilter(process_key=RETIRED),
        "cancelled": CaseFilter(status="cancelled"),
        "completed": CaseFilter(status="completed"),
        "stopped by an incident": CaseFilter(status="incident"),
        "waits at an element": CaseFilter(element=ELEMENT),
        "a day two years ago": CaseFilter(started_from=now - 730 * DAY, started_to=now - 729 * DAY),
        "process and status": CaseFilter(process_key=KEYS[0], status="active"),
        "process that is over, still active": CaseFilter(process_key=RETIRED, status="active"),
        "process and word": CaseFilter(process_key=KEYS[-1], text="空调"),
        "new process and a word": CaseFilter(process_key=NEW, text="维修"),
        "party and status": CaseFilter(party="party-3", status="cancelled"),
        "word and days of former years": CaseFilter(
            text="电梯", started_from=now - 900 * DAY, started_to=now - 800 * DAY
        ),
        "incident of a process": CaseFilter(process_key=KEYS[-1], status="incident"),
        "many names and a rare word": CaseFilter(party="科技", text="熏蒸"),
    }


@dataclass
class Asker:
    """Somebody who searches for all kinds of things."""

    engine: Engine
    seed: int = 2

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self._words = Skewed(self.random, [*(word for words in (PLACES, THINGS, ACTIONS) for word in words)], 0.7)
        with self.engine.database.read() as connection:
            some = select(instance.c.business_key).where(instance.c.business_key.is_not(None)).limit(2_000)
            self._numbers = [str(one) for one in connection.execute(some).scalars()]
            belonging = select(instance_party.c.party_id).limit(2_000)
            self._parties = list(connection.execute(belonging).scalars())

    def ask(self) -> CaseFilter:
        """One to three filters, each with a value of its own frequency."""
        kinds = self.random.sample(
            ("text", "party", "process", "status", "element", "dates"), k=self.random.choice((1, 1, 2, 2, 3))
        )
        values = {name: value for kind in kinds for name, value in self._choose(kind)}
        return CaseFilter(**values)  # type: ignore[arg-type]

    def _choose(self, kind: str) -> Iterator[tuple[str, object]]:
        random = self.random
        if kind == "text":
            chinese, english = self._words.choose()
            number = random.choice(self._numbers)
            yield "text", random.choice((chinese[:2], chinese, chinese[0], english, english[:5], number, number[-4:]))
        elif kind == "party":
            surname, place = random.choice(SURNAMES), random.choice(PLACES)
            yield "party", random.choice((random.choice(self._parties), f"{surname}鑫", place[0], place[1][:5]))
        elif kind == "process":
            yield "process_key", random.choice(KEYS)
        elif kind == "status":
            yield "status", random.choice(("active", "completed", "cancelled", "incident"))
        elif kind == "element":
            yield "element", f"{random.choice(('fill', 'check'))}_{random.choice(KEYS)}"
        else:
            start = START - random.randrange(1, 1_000) * DAY
            yield "started_from", start
            yield "started_to", start + random.choice((1, 7, 30, 365)) * DAY


def search(wanted: CaseFilter, after: str | None = None) -> Question:
    """The search of an auditor."""
    return lambda engine: search_cases(engine, AUDITOR, wanted, after)


def look_at_cases(engine: Engine, count: int, at: int | None) -> Question:
    """Some cases, each at one of its records, as an auditor's page reads them."""
    with engine.database.read() as connection:
        ids = list(
            connection.execute(select(instance.c.id).where(instance.c.status == "completed").limit(count)).scalars()
        )
    return lambda engine: [fetch_case(engine, AUDITOR, one, Look(at)) for one in ids]
