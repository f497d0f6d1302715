"""The plays of both onboardings: each proves its own end."""

import pytest

from web.demo.founding import play_founding
from web.demo.joining import play_joining


def test_person_joins_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert play_joining() == 0
    assert "FAILED" not in capsys.readouterr().out


def test_enterprise_comes_to_be_active(capsys: pytest.CaptureFixture[str]) -> None:
    assert play_founding() == 0
    assert "FAILED" not in capsys.readouterr().out
