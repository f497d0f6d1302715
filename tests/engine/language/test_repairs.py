"""Every repair of the library is needed: with its fault back in, a test fails."""

from pathlib import Path

import pytest

from engine.language.repairs import REPAIRS
from tests.engine.language.faults import FAULTS
from tests.engine.language.repairs_page import write_documentation

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_test_fails_without_the_repair(name: str) -> None:
    fault = FAULTS[name]
    fault.test(**fault.arguments)
    with pytest.MonkeyPatch.context() as patch:
        fault.switch(patch)
        with pytest.raises(fault.shows):
            fault.test(**fault.arguments)


def test_every_repair_has_a_switch_and_every_switch_a_repair() -> None:
    assert FAULTS.keys() == REPAIRS.keys()


def test_the_page_lists_them() -> None:
    assert (ROOT / "docs" / "repairs.md").read_text(encoding="utf-8") == write_documentation()
