"""Known attacks on Python sandboxes: none may escape, read a secret, hang or give what cannot be stored.

Each runs as an analyst would deploy it, and once more past our parser, so that the worker alone has to hold: this is
the test to run on every change of the sandbox's version.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.language.expressions import Expression, Script
from engine.language.sandbox import Sandbox, SandboxError

ATTACKS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "sandbox_attacks.json").read_text("utf-8"))
CANARY = "CANARY-IN-THE-ENVIRONMENT"
SECRET = "SECRET-IN-THE-HOST"
FILE_SECRET = "SECRET-IN-A-FILE"
MAX_SECONDS = 1.5


def lookup(key: str) -> float:
    """A function of the host, the usual way out of a sandbox."""
    return {"gold": 0.05}[key]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_CANARY", CANARY)  # before the workers start
        sandbox = Sandbox(max_processes=1)
        sandbox.evaluate("n", {"n": 1})
        yield sandbox
        sandbox.close()


def write_attack(attack: dict[str, Any], folder: Path) -> str:
    if attack["code"] is None:
        return "".join(text * count for text, count in attack["pieces"])
    (folder / "secret.txt").write_text(FILE_SECRET)
    code = str(attack["code"])
    for mark, path in (("{SECRET_FILE}", "secret.txt"), ("{TARGET_FILE}", "target.txt"), ("{SECRET_DIR}", "")):
        code = code.replace(mark, str(folder / path))
    return code


def check_attack(attack: dict[str, Any], folder: Path, run: Callable[[], object]) -> None:
    code_before, started = lookup.__code__, time.perf_counter()
    try:
        result = json.dumps(run(), default=str)
        is_refused = False
    except SandboxError as error:
        result, is_refused = str(error), True
    seconds = time.perf_counter() - started
    assert seconds < MAX_SECONDS
    for secret in (CANARY, SECRET, FILE_SECRET):
        assert secret not in result
    if attack.get("leak") and not is_refused:
        assert not re.search(attack["leak"], result), result
    assert lookup.__code__ is code_before
    assert not vars(lookup)
    assert not (folder / "target.txt").exists()


VALUES = {"items": [{"price": 10, "qty": 2}], "level": "gold", "total": 12}


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack["id"] for attack in ATTACKS])
def test_attack_as_deployed(attack: dict[str, Any], sandbox: Sandbox, tmp_path: Path) -> None:
    code = write_attack(attack, tmp_path)
    run = sandbox.execute if attack["kind"] == "script" else sandbox.evaluate
    check_attack(attack, tmp_path, lambda: run(code, VALUES, {"lookup": lookup}))
    if attack.get("then"):
        check_attack({"leak": attack["leak_then"]}, tmp_path, lambda: sandbox.evaluate(attack["then"], {}))


PAST_THE_PARSER = [attack for attack in ATTACKS if attack["group"] != "parse"]


@pytest.mark.parametrize("attack", PAST_THE_PARSER, ids=[attack["id"] for attack in PAST_THE_PARSER])
def test_attack_past_the_parser(attack: dict[str, Any], sandbox: Sandbox, tmp_path: Path) -> None:
    code = write_attack(attack, tmp_path)
    lines = tuple(range(1, code.count("\n") + 2))
    no_names, calls = frozenset[str](), frozenset({"lookup"})
    if attack["kind"] == "script":
        script = Script(
            code, code, lines, no_names, no_names, no_names, calls, assigned=frozenset({"r", "x", "leaked"})
        )
        check_attack(attack, tmp_path, lambda: sandbox.execute(script, VALUES, {"lookup": lookup}))
    else:
        expression = Expression(code, code, lines, no_names, no_names, no_names, calls)
        check_attack(attack, tmp_path, lambda: sandbox.evaluate(expression, VALUES, {"lookup": lookup}))
