"""Whatever the bytes: no exception, every refusal names a place, and no file takes long."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from engine.definitions.findings import Finding
from engine.definitions.lint import lint_files
from engine.definitions.lint.diagram import bpmn
from tests.engine.definitions.lint.build import (
    CONTEXT,
    FORM,
    HEAD,
    TABLE,
    diagram,
    end,
    flow,
    gateway,
    path,
    script,
    start,
    sub,
)
from tests.engine.definitions.lint.cases_content import CALLS, DATA, EVENTS, TASKS
from tests.engine.definitions.lint.cases_shape import SHAPE
from tests.support.effort import takes_at_most

DRAWN = sorted((Path(__file__).parents[1] / "drawing" / "data").glob("*.bpmn"))
SMALL = [good for cases in (SHAPE, EVENTS, TASKS, CALLS, DATA) for _, good in cases.values()]
WORDS = [
    "",
    "Start",
    "ask",
    "${",
    "${x}",
    "=x",
    "R0/P",
    "-P1D",
    "true",
    "999999999999999999999",
    "a.b",
    "任务",
    "x" * 5000,
]
LIMIT_SECONDS, TRIES = 0.5, 3


def lint(content: bytes, name: str = "bpmn/shop/shop.bpmn") -> list[Finding]:
    findings = lint_files({name: content}, context=CONTEXT)
    for finding in findings:
        assert finding.element, finding
        assert finding.message, finding
        assert finding.message_zh, finding
    return findings


def fuzz(examples: int) -> settings:
    """A failing example is printed with its seed."""
    return settings(max_examples=examples, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))


def mutate(content: bytes, seed: int) -> bytes:
    """Changes, moves, copies or deletes some elements and attributes of the file."""
    chance = random.Random(seed)
    root = etree.fromstring(content)
    for _ in range(chance.randint(1, 4)):
        parts = list(root.iter(bpmn("*")))
        part, other = chance.choice(parts), chance.choice(parts)
        holder = part.getparent()
        names = [str(name) for name in part.attrib]
        match chance.randint(0, 5):
            case 0 if holder is not None:
                holder.remove(part)
            case 1:
                other.append(etree.fromstring(etree.tostring(part)))
            case 2 if names:
                del part.attrib[chance.choice(names)]
            case 3 if names:
                part.set(chance.choice(names), chance.choice([*WORDS, *(str(o.get("id")) for o in parts)]))
            case 4:
                part.text = chance.choice(WORDS)
            case 5:
                part.tag = other.tag
    return etree.tostring(root)


@fuzz(150)
@given(st.sampled_from(SMALL), st.integers(0, 2**32))
def test_changed_diagrams_never_crash(content: bytes, seed: int) -> None:
    lint(mutate(content, seed))


@fuzz(15)
@given(st.sampled_from(DRAWN), st.integers(0, 2**32))
def test_changed_real_diagrams_never_crash(file: Path, seed: int) -> None:
    lint(mutate(file.read_bytes(), seed))


@fuzz(60)
@given(
    st.sampled_from([(SMALL[0], "bpmn/a/a.bpmn"), (TABLE, "bpmn/a/a.dmn"), (FORM, "forms/a/a.form")]),
    st.data(),
)
def test_damaged_bytes_never_crash(file: tuple[bytes, str], data: st.DataObject) -> None:
    content, name = file
    at = data.draw(st.integers(0, len(content)))
    length = data.draw(st.integers(0, 40))
    lint(content[:at] + data.draw(st.binary(max_size=20)) + content[at + length :], name)


@fuzz(40)
@given(
    st.binary(max_size=200), st.sampled_from(["bpmn/a/a.bpmn", "bpmn/a/a.dmn", "bpmn/a/p.json", "forms/a/a.form", "x"])
)
def test_any_bytes_never_crash(content: bytes, name: str) -> None:
    lint(content, name)


def _nested(depth: int) -> bytes:
    inside = script("a = 1")
    for level in range(depth):
        inside = sub(f"s{level}", start(f"b{level}"), inside, end(f"e{level}"))
    return diagram(inside)


def _grid(columns: int) -> bytes:
    """Parallel blocks one behind the other, each writing the same variables."""
    parts, last = [start()], "begin"
    for n in range(columns):
        parts += [gateway(f"f{n}"), gateway(f"j{n}"), path(last, f"f{n}"), flow(f"f{n}", f"j{n}")]
        for m in range(3):
            parts += [script(f"v{n % 7} = {m}", f"t{n}_{m}"), path(f"f{n}", f"t{n}_{m}", f"j{n}")]
        last = f"j{n}"
    return diagram(*parts, end(), path(last, "done"))


def _looped(count: int) -> bytes:
    """Every node has a flow back to the first, and writes a variable of its own."""
    parts = [start(), gateway("g0", "exclusive"), path("begin", "g0")]
    for n in range(1, count):
        parts += [script(f"w{n} = w{n - 1}", f"t{n}"), gateway(f"g{n}", "exclusive")]
        parts += [path(f"g{n - 1}", f"t{n}", f"g{n}"), flow(f"g{n}", "g0", f"w{n}")]
    return diagram(*parts, end(), path(f"g{count - 1}", "done"))


WORST = {
    "entities": b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    + HEAD.encode()
    + b"&b;",
    "outside entity": b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    + HEAD.encode()
    + b"&a;</bpmn:definitions>",
    "encoding": b'<?xml version="1.0" encoding="no-such"?>' + SMALL[0],
    "utf-16": SMALL[0].decode().encode("utf-16"),
    "depth": b"<a>" * 100_000,
    "bytes": HEAD.encode() + b"<a/>" * 600_000,
    "attribute": HEAD.encode().replace(b"definitions xmlns", b'definitions x="' + b"y" * 1_900_000 + b'" xmlns', 1),
    "elements": diagram(*(f'<bpmn:task id="t{n}"/>' for n in range(4_900))),
    "foreign elements": diagram('<x xmlns="y"/>' * 100_000),
    "nodes": diagram(*(script("a = b + c", f"t{n}") for n in range(290))),
    "nesting": _nested(80),
    "blocks": _grid(59),
    "loops": _looped(149),
    "script": diagram(
        script("a = " + "(" * 150 + "1" + ")" * 150), *(script("a = [" * 60, f"t{n}") for n in range(290))
    ),
    "long script": diagram(*(script("a = 1 + b\n" * 1_900, f"t{n}") for n in range(3))),
    "misspelt": diagram(*(script(f"name_{n}_of_something = name_{n}_off_something", f"t{n}") for n in range(290))),
}


@pytest.mark.parametrize("name", WORST)
def test_no_file_takes_long(name: str) -> None:
    """What is slow is slow each time; a machine with much to do is not."""
    reports: list[list[Finding]] = []
    assert takes_at_most(LIMIT_SECONDS, lambda: reports.append(lint(WORST[name])), TRIES)
    assert all(reports)
