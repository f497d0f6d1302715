"""Expressions as JSON lines, and the page that explains the language by them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from engine.language.lines import answer_line
from engine.language.sandbox import Sandbox

PAGE = Path(__file__).parents[3] / "docs" / "expressions.md"
NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(max_processes=1)
    yield sandbox
    sandbox.close()


def read_examples() -> list[tuple[str, str]]:
    """Question and answer of every example of the page."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [(line[2:], after) for line, after in pairwise(lines) if line.startswith("> {")]


@pytest.mark.parametrize(("question", "answer"), read_examples())
def test_example_of_the_page(question: str, answer: str, sandbox: Sandbox) -> None:
    assert answer_line(question.encode(), sandbox, NOW) == json.loads(answer)


def test_the_page_has_examples() -> None:
    assert len(read_examples()) > 20


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"nonsense", "Expected a JSON object on one line, but invalid"),
        (b"[]", "Expected a JSON object on one line"),
        (b'{"kind": "expr", "code": "1", "more": 1}', "Expected the fields kind, code and data, but got 'more'"),
        (b'{"kind": "run", "code": "1"}', 'Expected "kind" to be "expr" or "script", but got \'run\''),
        (b'{"kind": "expr", "code": 1}', 'Expected "code" to be a text, but got 1'),
        (b'{"kind": "expr", "code": "1", "data": []}', 'Expected "data" to be an object, but got []'),
        (b'{"kind": "expr", "code": "x", "data": {"x": ' + b"[" * 2000 + b"]" * 2000 + b"}}", "depth limit"),
        (b'{"kind": "expr", "code": "x", "data": {"x": ' + b"[" * 60 + b"]" * 60 + b"}}", "nested less deeply"),
        (b'{"kind": "expr", "code": "\xff"}', "Expected a JSON object on one line"),
        (b'{"kind": "expr", "code": "phone", "data": {"phone": {"$vault": "1"}}}', "no personal data"),
    ],
)
def test_a_bad_line_is_answered(line: bytes, error: str, sandbox: Sandbox) -> None:
    answer = answer_line(line, sandbox, NOW)
    assert answer["ok"] is False
    assert error in str(answer["error"])


def test_now_is_known_unless_the_data_say_otherwise(sandbox: Sandbox) -> None:
    assert answer_line(b'{"kind": "expr", "code": "now"}', sandbox, NOW)["value"] == "2026-11-28T08:00:00Z"
    assert answer_line(b'{"kind": "expr", "code": "now", "data": {"now": 1}}', sandbox, NOW)["value"] == 1
