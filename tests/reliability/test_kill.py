"""Processes are killed again and again while clients work; nothing acknowledged is lost and nothing is done twice."""

from pathlib import Path

import pytest

from engine.storage.settings import Settings
from tests.reliability.server import TOGETHER, RunningServer
from tests.reliability.trial import check_trial, kill_processes, open_engine, run_trial


@pytest.mark.parametrize("kills", [5, pytest.param(500, marks=pytest.mark.long)])
def test_kills_lose_nothing_and_double_nothing_on_sqlite(data_folder: Path, tmp_path: Path, kills: int) -> None:
    server = RunningServer(data_folder, {})
    trial = run_trial(server, tmp_path, kill_processes(server), kills)
    with open_engine(Settings(data_dir=data_folder)) as engine:
        check_trial(trial, engine)
    assert trial.count_retried() > 0, "no request was under way when something was killed"


@pytest.mark.long
def test_kills_of_web_processes_and_workers_lose_nothing_and_double_nothing(shared: Settings, tmp_path: Path) -> None:
    server = RunningServer(shared.data_dir, {"BATON_DATABASE_URL": shared.url}, TOGETHER)
    trial = run_trial(server, tmp_path, kill_processes(server), 500)
    with open_engine(shared) as engine:
        check_trial(trial, engine)
    assert trial.count_retried() > 0, "no request was under way when something was killed"
