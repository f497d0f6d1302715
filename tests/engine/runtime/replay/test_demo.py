"""Every case of the demo data, played again from what its history holds, is the same."""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench.measuring import count_sql
from engine.runtime.engine import Engine
from engine.runtime.replay import RecordedCase, Target, read_cases, replay
from engine.storage.columns import metadata
from engine.storage.settings import Settings
from engine.storage.tables import instance

EVENTS_CHANGED = 40


@pytest.fixture(scope="module")
def loaded(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with the demo data; nothing here changes it."""
    folder = tmp_path_factory.mktemp("replayed") / "data"
    shutil.copytree(demo_folder, folder)
    engine = Engine(Settings(data_dir=folder, password_cost=1))
    yield engine
    engine.close()


def read_all(engine: Engine) -> list[RecordedCase]:
    with engine.database.read() as connection:
        return read_cases(connection, connection.execute(select(instance.c.id)).scalars().all())


def test_every_case_is_the_same_and_nothing_is_written(loaded: Engine) -> None:
    """Also what nobody would miss: no statement but reads, no row more or less in any table, no file."""
    before, target = _count_rows(loaded), Target(loaded)
    with count_sql(loaded.database) as counts:
        cases = read_all(loaded)
        results = [replay(case, target, loaded.sandbox) for case in cases]
    assert [one for one in results if not one.is_same] == []
    assert all(one.steps == one.total and one.now == one.before for one in results)
    kinds = Counter(case.process_key for case in cases)
    assert {"hire_order", "normal_task", "errand", "express_task", "repair_collaboration", "todo_handling"} <= set(
        kinds
    )
    assert len(results) > 50
    assert [one for one in counts.statements if not one.lstrip().startswith(("SELECT", "PRAGMA"))] == []
    assert counts.commits == 0
    assert _count_rows(loaded) == before


def test_whatever_else_history_said_would_be_noticed(loaded: Engine) -> None:
    """One event of one case changed, left out or swapped with the next: the step is named."""
    cases, target, chance = read_all(loaded), Target(loaded), random.Random(33)
    for _ in range(EVENTS_CHANGED):
        case = deepcopy(chance.choice(cases))
        step = chance.choice(case.steps)
        place = chance.randrange(len(step.events))
        change = chance.choice(["left out", "changed", "renamed"])
        if change == "left out":
            del step.events[place]
        elif change == "changed":
            step.events[place]["set"] = {"nobody_knows": 1}
        else:
            step.events[place]["element"] = "nowhere"
        found = replay(case, target, loaded.sandbox).difference
        assert found is not None, change
        assert found.seq == step.seq, change


def _count_rows(engine: Engine) -> dict[str, object]:
    with engine.database.read() as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
    files = sorted(str(path) for path in (engine.settings.data_dir / "files").rglob("*"))
    return {**counts, "files": files}
