"""How a standing is computed, and that every tag has words."""

import json
from pathlib import Path

import pytest

from engine.services.ratings.queries import Standing
from engine.services.ratings.tags import TAGS

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("count", "stars", "tenths"),
    [(0, 0, None), (1, 5, 50), (2, 9, 45), (3, 14, 47), (3, 13, 43), (20, 85, 43), (20, 84, 42)],
)
def test_the_average_is_rounded_half_up(count: int, stars: int, tenths: int | None) -> None:
    assert Standing(count, stars).average_tenths == tenths


def test_the_form_offers_exactly_the_tags_there_are_words_for() -> None:
    components = json.loads((ROOT / "forms/shared/rate.form").read_text(encoding="utf-8"))["components"]
    [tags] = [one for one in components if one.get("key") == "tags"]
    assert {one["value"]: one["label"] for one in tags["values"]} == {code: zh for code, (zh, _) in TAGS.items()}
    assert tags["i18n"]["en"]["values"] == {code: en for code, (_, en) in TAGS.items()}
