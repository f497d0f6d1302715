"""Four hundred broken files of each kind: nothing but a report comes of them. With --long ten thousand more."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pytest

from engine.definitions.drawing import lay_out
from engine.definitions.findings import has_errors
from tests.engine.definitions.drawing.models import SHAPES
from tests.engine.definitions.intake.mutating import mutate_json, mutate_xml
from tests.engine.definitions.intake.taking_in import take_in
from tests.engine.definitions.lint.build import CONTEXT, FORM, TABLE
from tests.engine.definitions.lint.test_robustness import DRAWN, SMALL

ROOT = Path(__file__).parents[4]
SEED = 20261128
MUTANTS = 400
LONG = 25

Files = list[tuple[str, bytes]]


def _shipped(suffix: str) -> Files:
    folders = (ROOT / "bpmn", ROOT / "forms", ROOT / "web" / "market" / "forms")
    found = sorted(path for folder in folders for path in folder.rglob(f"*.{suffix}"))
    return [(f"{'forms' if suffix == 'form' else 'bpmn'}/shop/{path.name}", path.read_bytes()) for path in found]


# Small files, large ones, and the share of the large ones.
BASES: Mapping[str, tuple[Files, Files, float]] = {
    "bpmn": (
        [("bpmn/shop/shop.bpmn", content) for content in (*SMALL, *SHAPES.values(), lay_out(SMALL[0]))],
        _shipped("bpmn") + [("bpmn/shop/drawn.bpmn", file.read_bytes()) for file in DRAWN],
        0.05,
    ),
    "dmn": ([("bpmn/shop/fee.dmn", TABLE)], _shipped("dmn"), 0.3),
    "form": ([("forms/shop/ask.form", FORM)], _shipped("form"), 0.3),
    "json": ([("bpmn/shared/policy.json", b'{"limit_fen": 500, "days": ["P1D"]}')], _shipped("json"), 0.3),
}
MUTATE: Mapping[str, Callable[[bytes, Random], bytes]] = {
    "bpmn": mutate_xml,
    "dmn": mutate_xml,
    "form": mutate_json,
    "json": mutate_json,
}


def breed(kind: str, number: int) -> tuple[str, bytes]:
    """The mutant of that number: path and content."""
    chance = Random(f"{SEED}/{kind}/{number}")
    small, large, share = BASES[kind]
    path, content = chance.choice(large if chance.random() < share else small)
    return path, MUTATE[kind](content, chance)


def judge(kind: str, numbers: range) -> Counter[bool]:
    """Whether each mutant was refused."""
    refused: Counter[bool] = Counter()
    for number in numbers:
        path, content = breed(kind, number)
        try:
            findings = take_in(path, content, CONTEXT, Random(number))
        except BaseException:
            sys.stdout.write(f"mutant {kind} {number} of seed {SEED}: {content!r}\n")
            raise
        refused[has_errors(findings)] += 1
    sys.stdout.write(f"{kind}: seed {SEED}, {refused[True]} refused, {refused[False]} accepted and run\n")
    return refused


@pytest.mark.parametrize("kind", BASES)
def test_mutants(kind: str) -> None:
    refused = judge(kind, range(MUTANTS))
    assert min(refused[True], refused[False]) > MUTANTS / 20


@pytest.mark.long
@pytest.mark.parametrize("kind", BASES)
def test_many_mutants(kind: str) -> None:
    judge(kind, range(MUTANTS, MUTANTS * (LONG + 1)))
