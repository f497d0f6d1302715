"""Expressions and scripts as JSON lines: what a program or a person sends to try the language without a case."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import orjson

from engine.language.sandbox import Sandbox, SandboxBusy, SandboxError
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

KINDS = ("expr", "script")
FIELDS = frozenset({"kind", "code", "data"})


class LineInvalid(Exception):
    """A line is no question; the text says what is wrong with it."""


def answer_line(line: bytes, sandbox: Sandbox, now: datetime) -> PlainDict:
    """The answer to `{"kind": "expr"|"script", "code": …, "data": {…}}`; never raises for what stands in the line.

    `{"ok": true, "value": …}` for an expression, `{"ok": true, "data": {…}}` with all variables after a script, else
    `{"ok": false, "error": …}`, which names the line where it is known. As in a case, `now` is the instant as a text,
    and dates, durations and decimals come out as the texts that data hold.
    """
    try:
        kind, code, data = _read(line)
        known = {"now": format_instant(now), **data}
        if kind == "expr":
            return {"ok": True, "value": _write(sandbox.evaluate(code, known))}
        return {"ok": True, "data": {**data, **sandbox.execute(code, known)}}
    except LineInvalid as invalid:
        return {"ok": False, "error": str(invalid)}
    except SandboxBusy as busy:
        return {"ok": False, "error": str(busy)}
    except SandboxError as error:
        return {"ok": False, "error": f"{error}{_find_place(error)}"}


def _read(line: bytes) -> tuple[str, str, PlainDict]:
    """Kind, code and data. Raises LineInvalid."""
    try:
        question = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LineInvalid(f"Expected a JSON object on one line, but {error}") from None
    if not isinstance(question, dict):
        raise LineInvalid("Expected a JSON object on one line, but it is another value")
    if unknown := sorted(question.keys() - FIELDS):
        raise LineInvalid(f"Expected the fields kind, code and data, but got {_show(unknown[0])}")
    kind, code, data = question.get("kind"), question.get("code"), question.get("data", {})
    if kind not in KINDS:
        raise LineInvalid(f'Expected "kind" to be "expr" or "script", but got {_show(kind)}')
    if not isinstance(code, str):
        raise LineInvalid(f'Expected "code" to be a text, but got {_show(code)}')
    if not isinstance(data, dict):
        raise LineInvalid(f'Expected "data" to be an object, but got {_show(data)}')
    return kind, code, data


def _write(value: object) -> Plain:
    """The value of an expression as JSON has it. What holds dates inside a list or dict has passed the border."""
    if isinstance(value, dict):
        return {key: _write(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_write(item) for item in value]
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():g}S"
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value  # type: ignore[return-value]  # plain by the border


def _show(value: object) -> str:
    return repr(value)[:100]


def _find_place(error: SandboxError) -> str:
    lines = error.source.splitlines()
    return f" (line {error.line}: {lines[error.line - 1].strip()[:100]})" if 0 < error.line <= len(lines) else ""
