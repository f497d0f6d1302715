"""The play of a normal task: it proves its own end."""

import pytest

from web.demo.working import MAX_WORKERS, play_work


def test_two_workers_are_paid_by_the_piece(capsys: pytest.CaptureFixture[str]) -> None:
    assert play_work("piecework", "automatic", 2) == 0
    assert "FAILED" not in capsys.readouterr().out


def test_the_number_of_workers_has_limits(capsys: pytest.CaptureFixture[str]) -> None:
    assert play_work("prepayment", "manual", MAX_WORKERS + 1) == 1
    assert "5000" in capsys.readouterr().out
