"""Every row of the process tables is in a diagram, by its id; what stands elsewhere has a decision record."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from engine.scenarios.definitions import Definitions
from tests.support.stage import ROOT
from web.repository import read_definitions

ROWS = YAML(typ="safe").load(Path(__file__).with_name("nodes.yaml"))


@pytest.mark.parametrize("table", ROWS)
def test_every_row_is_drawn(table: str) -> None:
    known = Definitions(read_definitions()).elements
    places = {row: place if isinstance(place, str) else place["element"] for row, place in ROWS[table].items()}
    missing = {row: place for row, place in places.items() if tuple(place.split("/")) not in known}
    assert missing == {}


def test_what_was_moved_has_a_decision_record() -> None:
    moved = {place["moved"] for rows in ROWS.values() for place in rows.values() if isinstance(place, dict)}
    assert all([*(ROOT / "docs" / "decisions").glob(f"{number}-*.md")] for number in moved)
