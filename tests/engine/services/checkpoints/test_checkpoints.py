"""Checkpoints: what they cover, how they are linked and signed, where they are shipped to, and what they give away."""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update

from engine.commands.deployments import deploy
from engine.runtime.engine import Engine
from engine.services.checkpoints import jobs
from engine.services.checkpoints.jobs import PERIOD, find_last, schedule_checkpoints
from engine.services.checkpoints.shipping import is_address, ship
from engine.services.verification import Finding, ShippedCheck, verify
from engine.storage.actor import Actor
from engine.storage.proving import checkpoint, checkpoint_head
from engine.storage.schema import append_only_tables
from engine.storage.tables import history, instance, submission
from tests.engine.services.notifications.receivers import webhook_server
from tests.support.clock import ManualClock
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS, ROOT, Stage
from tests.support.vandalism import execute_unguarded
from web.cli import main

Harm = Callable[[Engine, str], object]
ANN = Actor("ann", "ann", "individual", frozenset({"individual"}))
FILLED = {"note": "first", "amount_fen": "12.50", "phone": "13800001111"}


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    return tmp_path / "far" / "checkpoints.jsonl"


@pytest.fixture
def stage(any_engine: Engine, clock: ManualClock, shipped: Path) -> Stage:
    any_engine.settings = replace(any_engine.settings, checkpoints=str(shipped))
    deploy(any_engine, BOSS, two_tasks())
    stage = Stage(any_engine, clock)
    stage.person("ann")
    return stage


def open_case(stage: Stage) -> str:
    return stage.start(ANN, "trial", {"who": "ann"})


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_covers_the_streams_that_moved_and_follows_the_one_before(stage: Stage, shipped: Path) -> None:
    first = open_case(stage)
    schedule_checkpoints(stage.engine)
    schedule_checkpoints(stage.engine)  # a second start plans nothing twice
    stage.settle()
    stage.wait(seconds=60)
    second = open_case(stage)
    stage.wait(seconds=PERIOD.total_seconds())
    documents = read(shipped)
    statements = [json.loads(str(document["statement"])) for document in documents]
    assert [one["number"] for one in statements] == [1, 2]
    streams = [{stream for stream, _, _ in document["heads"]} for document in documents]
    assert streams == [{first, "system:deployments"}, {second}]
    stage.wait(seconds=PERIOD.total_seconds())
    assert len(read(shipped)) == 3, "a sign of life"
    with stage.engine.database.read() as connection:
        last = find_last(connection)
    assert last is not None
    assert (last.number, last.streams, last.unshipped) == (3, 0, 0)
    assert list(verify(stage.engine)) == list(ShippedCheck(stage.engine, shipped).run()) == []


def test_many_that_moved_come_one_part_after_the_other(
    stage: Stage, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MAX_HEADS", 3)
    cases = {open_case(stage) for _ in range(7)}
    schedule_checkpoints(stage.engine)
    stage.settle()
    parts = [[stream for stream, _, _ in document["heads"]] for document in read(shipped)]
    assert [len(part) for part in parts] == [3, 3, 2]
    assert [stream for part in parts for stream in part] == [*sorted(cases), "system:deployments"]
    moved = min(cases)  # before those that came last
    stage.do(ANN, moved, "fill", FILLED)
    stage.wait(seconds=PERIOD.total_seconds())
    assert [stream for stream, _, _ in read(shipped)[3]["heads"]] == [moved]
    assert len(read(shipped)) == 4
    assert list(verify(stage.engine)) == list(ShippedCheck(stage.engine, shipped).run()) == []


def change_head(engine: Engine, case: str) -> None:
    execute_unguarded(engine, update(checkpoint_head).where(checkpoint_head.c.stream == case).values(mac="00" * 32))


def forget_heads(engine: Engine, case: str) -> None:
    execute_unguarded(engine, delete(checkpoint_head).where(checkpoint_head.c.stream == case))


def restate(engine: Engine, _case: str) -> None:
    changed = func.replace(checkpoint.c.statement, "2026", "2025")
    execute_unguarded(engine, update(checkpoint).where(checkpoint.c.number == 1).values(statement=changed))


def postdate(engine: Engine, _case: str) -> None:
    later = engine.clock() + timedelta(days=1)
    execute_unguarded(engine, update(checkpoint).where(checkpoint.c.number == 1).values(at=later))


def forget_first(engine: Engine, _case: str) -> None:
    execute_unguarded(engine, delete(checkpoint_head).where(checkpoint_head.c.number == 1))
    execute_unguarded(engine, delete(checkpoint).where(checkpoint.c.number == 1))


@pytest.mark.parametrize("harm", [change_head, forget_heads, restate, postdate, forget_first])
def test_a_checkpoint_that_was_touched_is_named(stage: Stage, harm: Harm) -> None:
    case = open_case(stage)
    schedule_checkpoints(stage.engine)
    stage.settle()
    stage.wait(seconds=PERIOD.total_seconds())
    harm(stage.engine, case)
    assert ("checkpoint", "1") in {(one.table, one.row) for one in verify(stage.engine)}


def test_the_newest_events_cut_off_are_missed_where_a_checkpoint_covers_them(stage: Stage, shipped: Path) -> None:
    """Also by somebody who keeps old rows, and who takes the checkpoint out of the database as well."""
    engine, cases = stage.engine, [open_case(stage), open_case(stage)]
    with engine.database.read() as connection:
        before = connection.execute(select(instance).where(instance.c.id.in_(cases)).order_by(instance.c.id)).mappings()
        uncovered, covered = map(dict, before)
    for case in cases:
        stage.do(ANN, case, "fill", FILLED)
    _cut_off(engine, uncovered)
    assert _named(verify(engine)) == set(), "nothing covers the step"
    schedule_checkpoints(engine)
    stage.settle()
    _cut_off(engine, covered)
    assert ("history", f"{case}/2") in _named(verify(engine))
    assert ("history", f"{case}/2") in _named(verify(engine, case)), "a case by itself as well"
    forget_first(engine, case)
    assert _named(verify(engine)) == set(), "the database alone cannot tell any more"
    assert _named(ShippedCheck(engine, shipped).run()) == {("checkpoint", "1"), ("history", f"{case}/2")}


def test_the_verb_compares_the_database_with_a_file(
    stage: Stage, shipped: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case, engine = open_case(stage), stage.engine
    schedule_checkpoints(engine)
    stage.settle()
    monkeypatch.setenv("BATON_DATABASE_URL", engine.database.url)
    monkeypatch.setenv("BATON_DATA_DIR", str(engine.settings.data_dir))
    asked = ["verify", "--checkpoints", str(shipped)]
    assert main(asked) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "Compared with 1 checkpoint, numbers 1–1"
    assert "1 checkpoint" in told[1]
    forget_first(engine, case)
    assert main(asked) == 1
    assert capsys.readouterr().out.splitlines()[1].startswith("checkpoint 1: Expected the checkpoint that was shipped")
    shipped.write_bytes(b"")
    assert main(asked) == 1
    assert capsys.readouterr().out.splitlines()[:2] == [
        "Compared with 0 checkpoints",
        f"shipped {shipped.name}: Expected checkpoints, but the file is empty",
    ]
    shipped.unlink()
    assert main(asked) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_the_verb_names_a_lost_guard_and_what_was_changed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case, engine = open_case(stage), stage.engine
    execute_unguarded(engine, update(history).where(history.c.stream == case).values(acting_role="auditor"))
    drop = "history_no_update" if engine.database.is_sqlite else "history_append_only ON history"
    engine.database.transact(lambda unit: unit.connection.execute(text(f"DROP TRIGGER {drop}")))
    monkeypatch.setenv("BATON_DATABASE_URL", engine.database.url)
    monkeypatch.setenv("BATON_DATA_DIR", str(engine.settings.data_dir))
    assert main(["verify"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(f"Expected trigger {drop.split()[0]} on table history")
    assert any(line.startswith(f"history {case}/1: ") for line in told)


def ship_three(stage: Stage) -> None:
    """Three checkpoints, an hour each between them."""
    open_case(stage)
    schedule_checkpoints(stage.engine)
    stage.settle()
    for _ in range(2):
        stage.wait(seconds=PERIOD.total_seconds())


def test_a_checkpoint_missing_in_the_file_is_named(stage: Stage, shipped: Path) -> None:
    ship_three(stage)
    first, _, third = shipped.read_text().splitlines(keepends=True)
    shipped.write_text(third + first + first)  # at least once, in any order
    check = ShippedCheck(stage.engine, shipped)
    assert _named(check.run()) == {("checkpoint", "2")}
    assert str(check) == "Compared with 2 checkpoints, numbers 1–3"
    assert (told := check_by_hand(shipped)).returncode != 0
    assert "AssertionError: checkpoint 2 is missing" in told.stderr
    shipped.write_text("")
    assert "AssertionError: the file holds no checkpoints" in check_by_hand(shipped).stderr


def test_a_checkpoint_shipped_meanwhile_is_no_false_alarm(stage: Stage, shipped: Path) -> None:
    """One that the database did not hold yet when it was read."""
    shipped.parent.mkdir()
    shipped.write_text("{}\n")
    open_case(stage)
    schedule_checkpoints(stage.engine)
    stage.settle()
    check = ShippedCheck(stage.engine, shipped)
    findings = check.run()
    assert next(findings).row == f"{shipped.name}:1"
    stage.wait(seconds=PERIOD.total_seconds())
    assert len(read(shipped)) == 3
    assert list(findings) == []
    assert check.numbers == {1}


def test_one_that_is_not_taken_whole_leaves_nothing_behind(stage: Stage, shipped: Path) -> None:
    ship_three(stage)
    before = shipped.read_bytes()
    [document, *_] = read(shipped)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))  # as a disk that becomes full
    try:
        with pytest.raises(OSError, match="File too large"):
            ship(str(shipped), document, "checkpoint-1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert shipped.read_bytes() == before


def test_an_unfinished_line_is_cut_off_before_the_next(stage: Stage, shipped: Path) -> None:
    ship_three(stage)
    first, second, third = shipped.read_bytes().splitlines(keepends=True)
    for whole in (first + second, b""):
        shipped.write_bytes(whole + third[:50])  # the machine stopped while it was written
        ship(str(shipped), json.loads(third), "checkpoint-3")
        assert shipped.read_bytes() == whole + third


def test_what_was_not_signed_here_proves_nothing(stage: Stage, shipped: Path) -> None:
    open_case(stage)
    schedule_checkpoints(stage.engine)
    stage.settle()
    [document] = read(shipped)
    bad = [{**document, "heads": []}, {**document, "signature": "00" * 64}, {"statement": 1}, [], "torn"]
    shipped.write_text("\n".join([*map(json.dumps, bad), '{"statement":']))
    assert {one.row for one in ShippedCheck(stage.engine, shipped).run()} == {
        f"{shipped.name}:{n}" for n in range(1, 7)
    }


def test_an_address_is_asked_until_it_takes_them(stage: Stage) -> None:
    with webhook_server() as hook:
        hook.failures = 1
        engine = stage.engine
        engine.settings = replace(engine.settings, checkpoints=f"http://{hook.host}/checkpoints")
        schedule_checkpoints(engine)
        stage.settle()
        with engine.database.read() as connection:
            last = find_last(connection)
        assert last is not None
        assert (last.unshipped, hook.arrivals) == (1, [])
        stage.wait(seconds=5)
        [(key, document)] = hook.arrivals
    assert key == "checkpoint-1"
    assert json.loads(document["statement"])["number"] == 1
    assert document["public_key"].startswith("-----BEGIN PUBLIC KEY-----")


def test_a_target_that_is_neither_is_refused_at_once(any_engine: Engine) -> None:
    assert is_address("https://example.org/x")
    assert not is_address("/mnt/far/checkpoints.jsonl")
    any_engine.settings = replace(any_engine.settings, checkpoints="ftp://example.org/x")
    with pytest.raises(ValueError, match="BATON_CHECKPOINTS"):
        schedule_checkpoints(any_engine)


def test_an_outsider_checks_them_as_the_manual_says(stage: Stage, shipped: Path) -> None:
    """The script of docs/audit.md, with nothing but the file and the public key beside it."""
    open_case(stage)
    schedule_checkpoints(stage.engine)
    stage.settle()
    stage.wait(seconds=PERIOD.total_seconds())
    told = check_by_hand(shipped)
    assert (told.returncode, told.stdout.split()[0]) == (0, "2")
    shipped.write_text(shipped.read_text().replace("system:deployments", "system:deploymentz"))
    assert check_by_hand(shipped).returncode != 0


def check_by_hand(shipped: Path) -> subprocess.CompletedProcess[str]:
    """Runs the script of the manual."""
    [script] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/audit.md").read_text(), re.DOTALL)
    command = [sys.executable, "-c", script, str(shipped), f"{shipped}.pem"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_they_are_never_changed() -> None:
    assert {checkpoint, checkpoint_head} <= {*append_only_tables()}


def _named(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    return {(one.table, one.row) for one in findings}


def _cut_off(engine: Engine, before: dict[str, Any]) -> None:
    """Puts a case back to what it was, with everything of it that came later."""
    case = before["id"]
    execute_unguarded(engine, delete(history).where(history.c.stream == case, history.c.seq > before["history_seq"]))
    tasks = submission.c.scope.startswith("task:")
    execute_unguarded(engine, delete(submission).where(submission.c.instance_id == case, tasks))
    execute_unguarded(engine, update(instance).where(instance.c.id == case).values(**before))
