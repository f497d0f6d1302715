"""`./run demo`, embedded and against the real server, from its very first start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability.server import RunningServer
from web.cli import main
from web.demo.disputing import play_dispute
from web.demo.play import MAX_TAKERS, play
from web.demo.telling import prove


def test_the_whole_case_is_played_and_proved(capsys: pytest.CaptureFixture[str]) -> None:
    assert play(8, None) == 0
    told = capsys.readouterr().out
    assert "8 take it at once: 1 wins, 7 are told it is taken." in told
    assert told.count("Proved: ") == 4


def test_an_order_with_milestones_is_played_and_proved(capsys: pytest.CaptureFixture[str]) -> None:
    assert play(1, None, has_milestones=True) == 0
    assert "Proved: every part of the reward was released once (3 of 3)" in capsys.readouterr().out


def test_a_dispute_is_played_and_proved(capsys: pytest.CaptureFixture[str]) -> None:
    assert play_dispute() == 0
    assert capsys.readouterr().out.count("Proved: ") == 6


def test_a_proof_that_fails_is_said_to_fail(capsys: pytest.CaptureFixture[str]) -> None:
    assert not prove("two and two are five", False, "4")
    assert capsys.readouterr().out == "FAILED: two and two are five (4)\n"


@pytest.mark.parametrize("takers", [0, MAX_TAKERS + 1])
def test_the_number_of_takers_is_bounded(takers: int) -> None:
    assert play(takers, None) == 1


@pytest.mark.parametrize("url", ["http://192.0.2.1:8000", "http://127.0.0.1:9"])
def test_a_server_that_cannot_be_driven_is_one_sentence(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert play(1, url) == 1
    assert capsys.readouterr().out.count("\n") == 1


def test_a_first_start_a_case_over_http_and_a_verification_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = RunningServer(tmp_path / "data", {})
    (tmp_path / "data").mkdir()
    server.start()
    try:
        assert play(8, server.url) == 0
        told = capsys.readouterr().out
        assert "Proved: exactly one taker has it" in told
        assert "p99" in told
        monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path / "data"))
        assert main(["verify"]) == 0
        assert capsys.readouterr().out.startswith("Intact: ")
        assert start_second(server) == "in use"
    finally:
        server.stop()
    assert "chen" in server.last_words()
    assert "Traceback" not in server.last_words()


def start_second(server: RunningServer) -> str:
    """What a second server on the same port says; only the words that matter."""
    port = server.url.rpartition(":")[2]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    second = subprocess.run(
        [sys.executable, "-m", "web"],
        env=environment | {"BATON_PORT": port},
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    return "in use" if f"Port {port} on 127.0.0.1 is in use." in second.stderr else second.stderr


def test_a_database_that_is_not_there_yet_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path / "nothing"))
    assert main(["verify"]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err.startswith("There is nothing in "), told.err.count("\n")) == ("", True, 1)


def test_two_that_start_at_once_on_nothing_prepare_it_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BATON_PASSWORD_COST", "1")
    command = [sys.executable, "-m", "web", "prepare"]
    starts = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [start.communicate()[1] for start in starts]
    assert [start.returncode for start in starts] == [0, 0], said
    assert main(["verify"]) == 0
    assert capsys.readouterr().out.startswith("Intact: ")
