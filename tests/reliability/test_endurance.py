"""Cases are played for a long time: memory does not grow, and nobody waits longer at the end (R14)."""

import random
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TypeVar

import pytest

from engine.storage.settings import Settings
from tests.reliability.conftest import report
from tests.reliability.server import TOGETHER, RunningServer
from tests.reliability.trial import Trial, check_trial, open_engine, run_trial

pytestmark = pytest.mark.long

T = TypeVar("T")
MINUTE_SECONDS = 60
MAX_GROWTH = 1.15  # from the second third to the last one; caches fill in the first


def test_memory_and_waits_stay_level_on_sqlite(data_folder: Path, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    check_level(RunningServer(data_folder, {}), Settings(data_dir=data_folder), tmp_path, pytestconfig)


def test_memory_and_waits_stay_level_with_many_processes(
    shared: Settings, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    server = RunningServer(shared.data_dir, {"BATON_DATABASE_URL": shared.url}, TOGETHER)
    check_level(server, shared, tmp_path, pytestconfig)


def check_level(server: RunningServer, settings: Settings, folder: Path, config: pytest.Config) -> None:
    """Plays for as many minutes as the option says; waiting times are told, for they are also those of the machine."""
    sizes: list[int] = []

    def measure(_number: int, _chance: random.Random) -> None:
        Event().wait(MINUTE_SECONDS)
        sizes.append(server.measure_memory())

    trial = run_trial(server, folder, measure, config.getoption("--minutes"))
    with open_engine(settings) as engine:
        check_trial(trial, engine)
    memory = [sum(part) / len(part) for part in thirds(sizes)]
    report(f"memory by thirds, MB: {[round(size / 1e6) for size in memory]}")
    report(f"p99 by thirds, ms: {[round(1000 * wait) for wait in read_waits(trial)]}")
    assert memory[2] <= MAX_GROWTH * memory[1]


def read_waits(trial: Trial) -> list[float]:
    """The 99th percentile of how long people waited, in seconds, by thirds of the time."""
    answered = sorted((float(str(line["at"])), float(str(line["seconds"]))) for line in trial.lines() if "at" in line)
    return [sorted(wait for _, wait in part)[len(part) * 99 // 100] for part in thirds(answered)]


def thirds(rows: Sequence[T]) -> list[Sequence[T]]:
    """The rows in three parts of about equal size."""
    one = len(rows) // 3
    return [rows[:one], rows[one : 2 * one], rows[2 * one :]]
