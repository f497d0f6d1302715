"""A thousand random attacks on a database of demo data: every one on what a checkpoint covers is found and named."""

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from engine.commands.deployments import STREAM as DEPLOYMENTS
from engine.commands.work import run_due_jobs
from engine.queries.keyframes import Past
from engine.records.keyframes import add_keyframe
from engine.runtime.engine import Engine
from engine.runtime.step import Command, run_step
from engine.services.checkpoints.jobs import SHIP, TAKE, schedule_checkpoints
from engine.services.verification import ShippedCheck, verify
from engine.storage.actor import SYSTEM
from engine.storage.columns import EPOCH
from engine.storage.database import UnitOfWork
from engine.storage.settings import Settings
from engine.storage.tables import instance, job
from tests.reliability.attacks import Attack, Attacker, choose_attacks
from tests.reliability.conftest import report

AT_ONCE = 40
PARTS = 4
SETTINGS = Settings(password_cost=1)


@pytest.fixture(scope="module")
def attacked(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Demo data with keyframes and three checkpoints that were shipped, and some steps after the last one."""
    folder = tmp_path_factory.mktemp("attacked")
    data = Path(shutil.copytree(demo_folder, folder / "data"))
    engine = Engine(Settings(data_dir=data, checkpoints=str(folder / "checkpoints.jsonl")))
    add_keyframes(engine)
    for part in range(PARTS):
        move_on(engine, part)
        if part < PARTS - 1:
            take_checkpoint(engine)
    assert [*verify(engine), *ShippedCheck(engine, folder / "checkpoints.jsonl").run()] == []
    engine.close()
    return folder


def add_keyframes(engine: Engine) -> None:
    """In the middle and at the end of the long ones."""

    def work(unit: UnitOfWork) -> None:
        for row in unit.connection.execute(select(instance).where(instance.c.history_seq > 5)).all():
            for seq in (row.history_seq // 2, row.history_seq):
                past = Past(engine, unit.connection, row.id, row.process_key)
                add_keyframe(unit.connection, engine.keys, row.id, seq, past.freeze(seq, ()))

    engine.database.transact(work)


def move_on(engine: Engine, part: int) -> None:
    """Two more steps of some of the open cases."""
    with engine.database.read() as connection:
        open_cases = select(instance.c.id).where(instance.c.status == "active").order_by(instance.c.id)
        cases = connection.execute(open_cases).scalars().all()
    for case in [*cases[part::PARTS]] * 2:
        run_step(engine, case, Command("remark", SYSTEM, lambda step: step.note({"kind": "remark"})))


def take_checkpoint(engine: Engine) -> None:
    schedule_checkpoints(engine)
    for kind in (TAKE, SHIP):
        due = update(job).where(job.c.kind == kind).values(due_at=EPOCH)
        engine.database.transact(lambda unit, due=due: unit.connection.execute(due))  # type: ignore[misc]
        run_due_jobs(engine)


@pytest.mark.parametrize(("count", "least"), [(40, 0), pytest.param(1_000, 900, marks=pytest.mark.long)])
def test_every_attack_on_what_a_checkpoint_covers_is_named(
    attacked: Path, former_instances: list[sqlite3.Row], tmp_path: Path, count: int, least: int
) -> None:
    seed = random.randrange(10**6)
    chance, former = random.Random(seed), [dict(row) for row in former_instances]
    attacks, found, missed = Counter[str](), Counter[str](), list[Attack]()
    for number in range(count // AT_ONCE):
        for attack, is_named in play_round(attacked, tmp_path / str(number), chance, former):
            kind = attack.kind if attack.is_covered else f"{attack.kind}, not covered"
            attacks[kind] += 1
            found[kind] += is_named
            if attack.is_covered and not is_named:
                missed.append(attack)
    covered = sum(total for kind, total in attacks.items() if not kind.endswith("not covered"))
    report(f"seed {seed}: {found.total()} of {attacks.total()} found and named, {covered} of them covered")
    for kind, total in sorted(attacks.items()):
        report(f"  {kind}: {found[kind]} of {total}")
    assert missed == [], f"seed {seed}"
    assert covered >= least, f"seed {seed}"


def test_what_was_deployed_is_missed_though_history_tells_of_it_no_longer(attacked: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(attacked / "data", tmp_path / "data"))
    with closing(sqlite3.connect(data / "baton.db", isolation_level=None)) as connection:
        break_in(connection, random.Random(), [])
        newest = "SELECT id, deployment_id FROM definition ORDER BY version DESC LIMIT 2"
        pinned, other = connection.execute(newest).fetchall()
        gone = {("definition", pinned["id"]), ("deployment", other["deployment_id"])}
        for table, row in gone:
            connection.execute(f"DELETE FROM {table} WHERE id = ?", (row,))
        connection.execute("DELETE FROM history WHERE stream = ?", (DEPLOYMENTS,))
        connection.execute("UPDATE pin_set SET pins = replace(pins, '\"process\"', '\"processes\"')")
        connection.execute("COMMIT")
    engine = Engine(replace(SETTINGS, data_dir=data))
    named = {(one.table, one.row) for one in verify(engine)}
    engine.close()
    assert gone <= named


def play_round(
    attacked: Path, folder: Path, chance: random.Random, former: list[dict[str, Any]]
) -> Iterator[tuple[Attack, bool]]:
    """Attacks a copy at several places, verifies it once, and gives each attack with whether it was named."""
    data = Path(shutil.copytree(attacked / "data", folder))
    with closing(sqlite3.connect(data / "baton.db", isolation_level=None)) as connection:
        attacker = break_in(connection, chance, former)
        attacks = list(choose_attacks(attacker, AT_ONCE))
        connection.execute("COMMIT")
    engine = Engine(replace(SETTINGS, data_dir=data))
    findings = [*verify(engine), *ShippedCheck(engine, attacked / "checkpoints.jsonl").run()]
    engine.close()
    shutil.rmtree(data)
    named = {(one.table, one.row) for one in findings}
    suspects = attacker.touched | {row for attack in attacks for _, row in attack.names}
    accused = {row.partition("/")[0] for table, row in named if table in ("history", "instance")}
    assert accused <= suspects, f"not touched, but accused: {accused - suspects}"
    return iter([(attack, bool(attack.names & named)) for attack in attacks])


def break_in(connection: sqlite3.Connection, chance: random.Random, former: list[dict[str, Any]]) -> Attacker:
    """Opens a transaction in which nothing guards the database any more."""
    connection.row_factory = sqlite3.Row
    for pragma in ("foreign_keys = OFF", "ignore_check_constraints = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    heads = connection.execute("SELECT stream, max(seq) FROM checkpoint_head GROUP BY stream")
    return Attacker(connection, chance, former, dict(heads))
