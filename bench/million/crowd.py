"""A crowd of cases as rows: most of them over, their values skewed, begun over three years."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

from sqlalchemy import Table

from bench.million.samples import KEYS, NEW, RETIRED, Sample
from bench.million.words import Skewed, Subjects, name_company, name_person
from engine.records.worklist import GROUP, PARTY
from engine.runtime.engine import Engine
from engine.storage.columns import EPOCH, NEVER
from engine.storage.grams import list_grams
from engine.storage.ids import moment_of, new_id
from engine.storage.tables import (
    case_gram,
    history,
    incident,
    instance,
    instance_party,
    job,
    party,
    party_gram,
    submission,
    task,
    task_candidate,
)

SEED = 1
YEARS = timedelta(days=3 * 365)
CHUNK = 50_000
CASES_PER_PARTY = 20
MICROSECOND = timedelta(microseconds=1)
POOLS = (("platform_reviewer", 0.60), ("platform_finance", 0.05), ("customer_service", 0.03))
BUSY, BUSY_SHARE, SHARED = "busy", 0.03, 0.75  # a person with three of a hundred open tasks
FEW, FEW_TASKS = "few", 8
Row = tuple[Any, ...]
Rows = dict[Table, list[Row]]


@dataclass
class Crowd:
    """So many finished and open cases, made of samples; equal seeds, equal crowds but for their ids."""

    engine: Engine
    samples: dict[str, list[Sample]]  # by process: after no, one and all of its steps
    finished: int
    open: int
    random: Random = field(default_factory=lambda: Random(SEED))

    def __post_init__(self) -> None:
        self.now = (self.engine.clock() - EPOCH) // MICROSECOND
        self._never = (NEVER - EPOCH) // MICROSECOND
        self.total = self.finished + self.open
        self.parties = [f"party-{number}" for number in range(max(20, self.total // CASES_PER_PARTY))]
        self._keys = Skewed(self.random, [key for key in KEYS if key not in {RETIRED, NEW}], 1.2)
        self._chosen = Skewed(self.random, self.parties, 0.9)
        self._subjects = Subjects(self.random)
        self._few_left = FEW_TASKS

    def list_parties(self) -> Rows:
        """People and companies with their names."""
        rows: Rows = {party: [], party_gram: []}
        for number, party_id in enumerate((*self.parties, BUSY, FEW)):
            is_company = number % 5 == 0
            chinese, english = name_company(self.random) if is_company else name_person(self.random)
            kind = "organisation" if is_company else "person"
            rows[party].append((party_id, kind, chinese, english, 1, 1, 0, self.now))
            rows[party_gram] += [(gram, party_id) for gram in list_grams((chinese, english))]
        return rows

    def list_chunks(self) -> Iterator[Rows]:
        """The cases, the oldest first, some thousands at a time."""
        for first in range(0, self.total, CHUNK):
            rows: Rows = {table: [] for table in TABLES}
            for number in range(first, min(first + CHUNK, self.total)):
                self._add(rows, number)
            rows[case_gram].sort()
            yield rows

    def _add(self, rows: Rows, number: int) -> None:
        age = 1 - number / self.total
        key = self._choose_process(age)
        # of the newest cases most are open, of the oldest hardly any
        is_open = self.random.random() < self.open / self.total * (0.25 + 3 * (1 - age) ** 3)
        started = self.now - int(age * (YEARS / MICROSECOND)) - self.random.randrange(1_000)
        case = _Case(self._name(number, started), number, started, is_open)
        sample = self.samples[key][self.random.choice((0, 0, 1)) if is_open else 2]
        self._add_instance(rows, case, key, sample)
        self._add_history(rows, case, sample)
        for relation, party_id in {"starter": self._chosen.choose(), "taker": self._chosen.choose()}.items():
            if relation == "starter" or self.random.random() < 0.6:
                rows[instance_party].append((case.id, party_id, relation))
        if is_open:
            self._add_task(rows, case, key, sample)
        if self.random.random() < (0.01 if is_open else 0.02):
            resolved = None if is_open else started + 10
            told = (key, "error", None)
            rows[incident].append((new_id(), case.id, case.id, "check", "It failed", started, resolved, *told))

    def _choose_process(self, age: float) -> str:
        if age > 2 / 3 and self.random.random() < 0.3:
            return RETIRED
        if age < 1 / 36 and self.random.random() < 0.3:
            return NEW
        return self._keys.choose()

    def _name(self, number: int, started: int) -> str:
        rest = f"7{number % 4096:03x}{self.random.getrandbits(62) | 1 << 63:016x}"
        return f"{started // 1000:012x}{rest}"

    def _add_instance(self, rows: Rows, case: "_Case", key: str, sample: Sample) -> None:
        values = dict(zip((column.name for column in instance.columns), sample.rows["instance"][0], strict=True))
        chinese, english = self._subjects.make()
        number = f"{key[-2:]}-{case.number:08}"
        is_cancelled = not case.is_open and self.random.random() < 0.05
        values |= {"id": case.id, "business_key": number, "subject_zh": chinese, "subject_en": english}
        values |= {"started_at": case.started, "amount_fen": int(self.random.paretovariate(1.2) * 10_000)}
        if is_cancelled:
            values |= {"status": "cancelled", "outcome": None}
        if not case.is_open:
            values["ended_at"] = case.started + self.random.randrange(10**11)
        elif self.random.random() < 0.4:
            values["next_due_at"] = self.now + self.random.randrange(4 * 10**12, 10**13)
        rows[instance].append(tuple(values.values()))
        moment = moment_of(case.id)
        grams = {*list_grams((number,)), *_grams_of_subject(chinese, english)}
        rows[case_gram] += [(gram, moment) for gram in grams]

    def _add_history(self, rows: Rows, case: "_Case", sample: Sample) -> None:
        """The rows of the sample with this case's name: they tell the same story, and prove that of the sample."""
        rows[history] += [(case.id, *row[1:]) for row in sample.rows["history"]]
        for place, row in enumerate(sample.rows["submission"]):
            rows[submission].append((f"task:{case.id}", f"{place}", case.id, *row[3:]))

    def _add_task(self, rows: Rows, case: "_Case", key: str, sample: Sample) -> None:
        row, task_id = sample.rows["task"][0], new_id()
        late = case.number * 7919 % 100_000 - 5_000
        due = self.now + late * 60_000_000 if case.number % 2 else None
        # id, instance, definition, element, assignee, skill, priority, created, due, follow-up
        priority = self.random.choices((50, 80, 20), (8, 1, 1))[0]
        rows[task].append((task_id, case.id, *row[2:4], None, None, priority, case.started, due, None))
        listed = (self._never if due is None else due, priority, key, None, moment_of(case.id))
        rows[task_candidate].append((task_id, *self._choose_candidate(), *listed))
        if self.random.random() < 0.1:
            deadline = self.now + self.random.randrange(4 * 10**12, 10**13)
            rows[job].append((new_id(), "none", None, "{}", deadline, 0, None))

    def _choose_candidate(self) -> tuple[str, str]:
        drawn = self.random.random()
        for group, share in POOLS:
            if drawn < share:
                return GROUP, group
            drawn -= share
        if drawn < BUSY_SHARE:
            return PARTY, BUSY
        if self._few_left:
            self._few_left -= 1
            return PARTY, FEW
        return PARTY, self._chosen.choose()


@cache
def _grams_of_subject(*texts: str) -> list[int]:
    return list_grams(texts)


TABLES = (
    *(instance, case_gram, history, submission, instance_party),
    *(task, task_candidate, incident, job),
)


@dataclass(frozen=True)
class _Case:
    id: str
    number: int
    started: int
    is_open: bool
