"""The play of an individual onboarding: it proves its own end."""

import pytest

from web.demo.joining import play_joining


def test_person_joins_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert play_joining() == 0
    assert "FAILED" not in capsys.readouterr().out
