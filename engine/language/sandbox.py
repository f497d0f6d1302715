"""Runs expressions and scripts of diagrams in worker processes that know nothing but the values they are given.

A worker has no clock, no randomness, no files and no environment, so equal inputs give equal results.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from pydantic_monty import MontyCrashedError, MontyError, MontyRuntimeError, MontySyntaxError

from engine.language.errors import EngineError
from engine.language.expressions import (
    BUILTINS,
    VALUE_CLASSES,
    Expression,
    ExpressionError,
    Program,
    Script,
    parse_expression,
    parse_script,
)
from engine.language.field_access import write_reader
from engine.language.suggest import suggest
from engine.language.syntax import read_expression
from engine.language.values import Border, ValueRefused, find_changes, hide_references, is_reference
from engine.language.workers import Function, SandboxBusy, WorkerPool, WorkFailed, is_timeout
from engine.storage.plain import Plain, PlainDict

__all__ = ["Function", "Sandbox", "SandboxBudgetExceeded", "SandboxBusy", "SandboxError", "TimeBudget"]

# Seconds of work, not on the wall. Four endless scripts in a row, on a database with one writer, hold up the case
# behind them by less than a second.
EVALUATION_SECONDS = 0.15
STEP_SECONDS = 0.2
MAX_MESSAGE_CHARACTERS = 500
MAX_SEARCHED_VALUES = 1_000
_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
CLASSES: dict[str, type] = {
    "date": date,
    "datetime": datetime,
    "timedelta": timedelta,
    "timezone": timezone,
    "Decimal": Decimal,
    "__date": date,  # for texts of our own making, where data named `date` may not hide the class
    "__datetime": datetime,
    "__timedelta": timedelta,
    "__timezone": timezone,
    "__Decimal": Decimal,
    "__int": int,
    "__float": float,
}
# Monty hands functions, classes and views out as text, so a worker itself must say of what type its result is.
# `type` is captured before data named `type` can hide it.
FIND_FOREIGN = """\
def __find_foreign(value, type=type):
    name = type(value).__name__
    if name in ("list", "tuple", "dict"):
        for item in (value.values() if name == "dict" else value):
            found = __find_foreign(item)
            if found:
                return name + " with a " + found
        return None
    plain = ("int", "str", "bool", "float", "NoneType", "date", "datetime", "timedelta", "Decimal")
    return None if name in plain else name
def __report(value):
    return [value, __find_foreign(value)]
"""


class SandboxError(EngineError):
    """An expression or script failed; `line` counts from 1 within `source`, 0 if unknown."""

    def __init__(self, message: str, line: int = 0, source: str = "") -> None:
        super().__init__(message, line=line)
        self.line = line
        self.source = source


class SandboxOverrun(SandboxError):
    """It took too long, or its worker died: on another day, or another machine, it may well give a result."""


class SandboxBudgetExceeded(SandboxOverrun):
    """The expressions of one step took more time than the step has."""


@dataclass
class TimeBudget:
    """The seconds of work that all evaluations of one step may take together; waiting does not count."""

    limit_seconds: float = STEP_SECONDS
    used_seconds: float = 0.0

    @property
    def remaining_seconds(self) -> float:
        return self.limit_seconds - self.used_seconds


class Sandbox:
    """A pool of workers, started at the first use: not before the process has forked.

    Safe for threads. Use one for cases and another for editors, so that the one cannot starve the other.
    """

    def __init__(self, max_processes: int = 2) -> None:
        self._workers = WorkerPool(max_processes)

    def evaluate(
        self,
        expression: str | Expression,
        values: Mapping[str, object],
        functions: Mapping[str, Function] | None = None,
        budget: TimeBudget | None = None,
        is_stored: bool = False,
    ) -> Plain:
        """The value of an expression: plain data, or unless it is to be stored, a Decimal, date, datetime, timedelta.

        Raises SandboxError, SandboxBudgetExceeded, SandboxBusy.
        """
        try:
            parsed = parse_expression(expression) if isinstance(expression, str) else expression
        except ExpressionError as error:
            raise SandboxError(str(error), error.line, str(expression)) from None
        found: list[PlainDict] = []
        if parsed.is_constant:
            result = ast.literal_eval(read_expression(parsed.source.lstrip(" \t")))
        else:
            is_open = not parsed.is_plain or bool(functions)
            code = f"__report({parsed.code})" if is_open else parsed.code
            inputs = _select_inputs(parsed, values, found)
            result = self._run(parsed, code, values, inputs, functions, budget, is_open)
            if is_open:
                result, foreign = result
                _refuse_foreign(parsed, foreign)
        return _accept(parsed, Border(found, is_stored), result)

    def execute(
        self,
        script: str | Script,
        values: Mapping[str, object],
        functions: Mapping[str, Function] | None = None,
        budget: TimeBudget | None = None,
    ) -> dict[str, Plain]:
        """Run a script and return the variables that are new or changed, as plain data; `values` stay untouched.

        Names that begin with an underscore, functions and imports stay inside. Raises as `evaluate` does.
        """
        try:
            parsed = parse_script(script) if isinstance(script, str) else script
        except ExpressionError as error:
            raise SandboxError(str(error), error.line, str(script)) from None
        found: list[PlainDict] = []
        inputs = _select_inputs(parsed, values, found)
        changeable = {name for name in inputs if isinstance(values.get(name), (dict, list))}
        returned = sorted(name for name in parsed.assigned | changeable if not name.startswith("_"))
        # A name may have got no value on the way taken. The bare `except` needs no name that data could hide.
        tail = "".join(
            f"try: {name}\nexcept: pass\nelse: __out[{name!r}] = [{name}, __find_foreign({name})]\n"
            for name in returned
        )
        code = f"{parsed.code}\n__out = {{}}\n{tail}__out"
        out = self._run(parsed, code, values, inputs, functions, budget, True)
        border = Border(found, is_stored=True)
        results: dict[str, Plain] = {}
        for name, (value, foreign) in out.items():
            if foreign == "function" and name not in values:
                continue  # a helper: `double = lambda x: 2 * x`
            _refuse_foreign(parsed, foreign, name)
            results[name] = _accept(parsed, border, value, name)
        return find_changes(values, results)

    def close(self) -> None:
        """End the workers. A later evaluation would start new ones."""
        self._workers.close()

    def _run(
        self,
        program: Program,
        code: str,
        values: Mapping[str, object],
        inputs: dict[str, object],
        functions: Mapping[str, Function] | None,
        budget: TimeBudget | None,
        is_open: bool,
    ) -> Any:
        """Run code that was made of the program, and return what its last line gives."""
        helpers = "".join(map(write_reader, sorted(program.readers))) + (FIND_FOREIGN if is_open else "")
        shown = ""
        if "type" in inputs and helpers + program.setup:
            inputs["__hidden_type"] = inputs.pop("type")
            shown = "type = __hidden_type\n"
        offered = functions or {}
        callables = {name: offered[name] for name in program.calls | program.inputs if name in offered}
        seconds = EVALUATION_SECONDS
        if budget is not None:
            seconds = min(seconds, budget.remaining_seconds)
            _check_budget(program, budget)
        whole = helpers + program.setup + shown + code
        try:
            result, used = self._workers.run(whole, inputs, callables, seconds)
        except WorkFailed as failed:
            if budget is not None:
                budget.used_seconds += failed.used_seconds
                if seconds < EVALUATION_SECONDS:
                    _check_budget(program, budget)
            hint = _suggest_name(failed.error, {**values, **offered}, inputs)
            raise _explain(failed.error, program, helpers.count("\n"), len(shown) > 0, hint) from None
        if budget is not None:
            budget.used_seconds += used
        return result


def _select_inputs(program: Program, values: Mapping[str, object], found: list[PlainDict]) -> dict[str, object]:
    """The values the program names, and only these. Raises SandboxError where one is personal data."""
    inputs: dict[str, object] = {}
    for name in sorted(program.inputs | program.calls):
        if name in values and name in program.inputs:
            if is_reference(values[name]):
                raise SandboxError(f"Expected no personal data in expressions, but {name!r} is", 0, program.source)
            try:
                inputs[name] = hide_references(values[name], found)
            except ValueRefused as refused:
                raise SandboxError(f"{refused}: {name}", 0, program.source) from None
        elif name in CLASSES:
            inputs[name] = CLASSES[name]
    return inputs


def _accept(program: Program, border: Border, value: object, name: str = "") -> Plain:
    try:
        return border.accept(value)
    except ValueRefused as refused:
        raise SandboxError(f"{refused}{name and f' ({name})'}", 0, program.source) from None


def _refuse_foreign(program: Program, foreign: str | None, name: str = "") -> None:
    if foreign is not None:
        where = f" ({name})" if name else ""
        raise SandboxError(f"Expected plain data, but got a {foreign}{where}", 0, program.source)


def _check_budget(program: Program, budget: TimeBudget) -> None:
    if budget.remaining_seconds <= 0:
        message = f"Expected the expressions of a step to take at most {budget.limit_seconds:g} s, but they take more"
        raise SandboxBudgetExceeded(message, 0, program.source)


def _explain(error: MontyError, program: Program, helper_lines: int, is_type_hidden: bool, hint: str) -> SandboxError:
    """What went wrong and where, in the lines of the source."""
    lines = [] if isinstance(error, MontyCrashedError) else _find_lines(error, program, helper_lines, is_type_hidden)
    line = next((line for line in reversed(lines) if line), 0)  # 0: a function of our own
    if is_timeout(error):
        return SandboxOverrun(
            f"Expected a result, but it took more than {EVALUATION_SECONDS:g} s", line, program.source
        )
    if isinstance(error, MontyCrashedError):
        return SandboxOverrun("Expected a result, but the worker stopped", 0, program.source)
    if not isinstance(error, (MontyRuntimeError, MontySyntaxError)):
        return SandboxError(f"Expected plain data, but {error}"[:MAX_MESSAGE_CHARACTERS], 0, program.source)
    message = f"Expected a result, but {error.display('type-msg')}"[:MAX_MESSAGE_CHARACTERS]
    return SandboxError(message + hint, line, program.source)


def _find_lines(error: MontyError, program: Program, helper_lines: int, is_type_hidden: bool) -> list[int]:
    """The lines of the source on the way to the error; what the sandbox added itself does not count."""
    if not isinstance(error, (MontyRuntimeError, MontySyntaxError)):
        return []
    setup_end = helper_lines + program.setup.count("\n")
    own = [
        frame.line - helper_lines - (1 if is_type_hidden and frame.line > setup_end else 0)
        for frame in error.traceback()
    ]
    return [program.lines[line - 1] for line in own if 0 < line <= len(program.lines)]


def _suggest_name(error: MontyError, known: Mapping[str, object], inputs: Mapping[str, object]) -> str:
    """The variable or field that was probably meant."""
    if not isinstance(error, MontyRuntimeError):
        return ""
    problem = error.exception()
    if isinstance(problem, NameError) and (found := _UNDEFINED.search(str(problem))):
        return suggest(found[1], {*known, *BUILTINS, *VALUE_CLASSES})
    if isinstance(problem, KeyError) and problem.args and isinstance(problem.args[0], str):
        return suggest(problem.args[0], _find_fields(inputs.values()))
    return ""


def _find_fields(values: Iterable[object]) -> set[str]:
    """The keys of the dicts in the values, of the first so many values."""
    fields, stack, left = set[str](), list(values), MAX_SEARCHED_VALUES
    while stack and left:
        left -= 1
        value = stack.pop()
        if isinstance(value, dict):
            fields |= value.keys()
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    return fields
