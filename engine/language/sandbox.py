"""Runs expressions and scripts of diagrams in worker processes that know nothing but the values they are given.

A thin adapter over pydantic-monty, which is pinned exactly: its interface still moves. A worker has no clock, no
randomness, no files and no environment, so equal inputs give equal results.
"""

import ast
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from pydantic_monty import (
    CollectString,
    Monty,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    MontySession,
    MontySyntaxError,
    OSPolicy,
    ResourceLimits,
)

from engine.language.errors import EngineError
from engine.language.expressions import Expression, ExpressionError, Program, Script, parse_expression, parse_script
from engine.language.field_access import write_reader
from engine.language.values import Border, ValueRefused, find_changes, hide_references, is_reference
from engine.language.worker_clock import WorkerClock
from engine.storage.plain import Plain, PlainDict

EVALUATION_SECONDS = 0.5
STEP_SECONDS = 1.0  # of work: on the wall it may be more where the machine is busy
CHECKOUT_SECONDS = 1.0
MAX_MEMORY_BYTES = 32_000_000
MAX_DEAD_WORKERS = 8
MAX_PRINTED_BYTES = 10_000
MAX_MESSAGE_CHARACTERS = 500
# A host call costs a round trip; `call_host` without a handler means: refused.
WORLD = OSPolicy(datetime="call_host", sleep="call_host", random_start="call_host")
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

Function = Callable[..., object]


class SandboxError(EngineError):
    """An expression or script failed; `line` counts from 1 within `source`, 0 if unknown."""

    def __init__(self, message: str, line: int = 0, source: str = "") -> None:
        super().__init__(message, line=line)
        self.line = line
        self.source = source


class SandboxBudgetExceeded(SandboxError):
    """The expressions of one step took more time than the step has."""


class SandboxBusy(EngineError):
    """No worker came free in time. Nothing is wrong with the expression: try again later."""


@dataclass
class TimeBudget:
    """The seconds of work that all evaluations of one step may take together; waiting does not count."""

    limit_seconds: float = STEP_SECONDS
    used_seconds: float = 0.0

    @property
    def remaining_seconds(self) -> float:
        return self.limit_seconds - self.used_seconds


_is_monty_started = False
_is_forked = False


def _mark_forked() -> None:
    """Monty hangs in a process that was forked from one that runs it, even with a new pool."""
    global _is_forked
    _is_forked = _is_monty_started


os.register_at_fork(after_in_child=_mark_forked)


class Sandbox:
    """A pool of workers, started at the first use: not before the process has forked.

    Safe for threads. Use one for cases and another for editors, so that the one cannot starve the other.
    """

    def __init__(self, max_processes: int = 2) -> None:
        self._max_processes = max_processes
        self._free = threading.BoundedSemaphore(max_processes)
        self._starting = threading.Lock()
        self._pool: Monty | None = None
        self._held = threading.local()

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
            result = ast.literal_eval(parsed.source)
        else:
            is_open = not parsed.is_plain or bool(functions)
            code = f"__report({parsed.code})" if is_open else parsed.code
            inputs = _select_inputs(parsed, values, found)
            result = self._run(parsed, code, inputs, functions, budget, is_open)
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
        out = self._run(parsed, f"{parsed.code}\n__out = {{}}\n{tail}__out", inputs, functions, budget, True)
        border = Border(found, is_stored=True)
        results: dict[str, Plain] = {}
        for name, (value, foreign) in out.items():
            if foreign == "function" and name not in values:
                continue  # a helper: `double = lambda x: 2 * x`
            _refuse_foreign(parsed, foreign, name)
            results[name] = _accept(parsed, border, value, name)
        return find_changes(values, results)

    @contextmanager
    def reserve(self) -> Iterator[None]:
        """Hold a worker for this thread, so that the evaluations inside wait for none. May be nested.

        Raises SandboxBusy after one second.
        """
        depth = getattr(self._held, "depth", 0)
        if not depth and not self._free.acquire(timeout=CHECKOUT_SECONDS):
            raise SandboxBusy(f"Expected a free worker within {CHECKOUT_SECONDS:g} s, but all are busy")
        self._held.depth = depth + 1
        try:
            yield
        finally:
            self._held.depth = depth
            if not depth:
                self._free.release()

    def close(self) -> None:
        """End the workers. A later evaluation would start new ones."""
        if _is_forked:
            return  # the workers belong to the parent
        with self._starting:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.__exit__(None, None, None)

    def _run(
        self,
        program: Program,
        code: str,
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
        pool = self._start()
        with self.reserve(), _open_session(pool, seconds) as session:
            clock = WorkerClock(session.worker_pid)
            try:
                result = session.feed_run(
                    helpers + program.setup + shown + code,
                    inputs=inputs,
                    external_lookup=callables,
                    print_callback=CollectString(MAX_PRINTED_BYTES),
                )
            except MontyError as error:
                raise _explain(error, program, helpers.count("\n"), len(shown) > 0, seconds) from None
            finally:
                if budget is not None:
                    is_spent = seconds < EVALUATION_SECONDS and clock.wall_seconds >= seconds  # all that was left
                    budget.used_seconds += budget.remaining_seconds if is_spent else clock.used_seconds
                    _check_budget(program, budget)
            return result

    def _start(self) -> Monty:
        global _is_monty_started
        if _is_forked:
            raise RuntimeError("Expected a process that started no sandbox before it was forked, but its parent had")
        with self._starting:
            if self._pool is None:
                _is_monty_started = True
                pool = Monty(
                    min_processes=1,
                    max_processes=self._max_processes,
                    checkout_timeout=CHECKOUT_SECONDS,
                    request_timeout=2.0,
                    feed_duration_limit_grace=0.3,
                    max_checkouts_per_worker=10_000,
                )
                pool.__enter__()
                self._pool = pool
            return self._pool


@contextmanager
def _open_session(pool: Monty, seconds: float) -> Iterator[MontySession]:
    """A fresh session: it sees nothing of earlier ones."""
    limits = ResourceLimits(
        max_feed_duration_secs=max(seconds, 0.001),
        max_memory=MAX_MEMORY_BYTES,
        max_recursion_depth=100,
        max_suspensions=100,
        max_total_sleep_secs=0.1,
    )
    session = _enter_session(pool, limits)
    try:
        yield session
    finally:
        session.__exit__(None, None, None)


def _enter_session(pool: Monty, limits: ResourceLimits) -> MontySession:
    """A worker that died while it was idle is found out only here; the pool replaces it."""
    for _ in range(MAX_DEAD_WORKERS + 1):
        session = pool.checkout(script_name="script", limits=limits, os_policy=WORLD)
        try:
            return session.__enter__()
        except MontyCrashedError:
            continue
        except TimeoutError:
            break
    raise SandboxBusy("Expected a free worker, but there is none")


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


def _explain(
    error: MontyError, program: Program, helper_lines: int, is_type_hidden: bool, seconds: float
) -> SandboxError:
    """What went wrong and where, in the lines of the source."""
    if isinstance(error, MontyCrashedError):
        reason = f"it took more than {seconds:g} s" if error.timed_out else "the worker stopped"
        return SandboxError(f"Expected a result, but {reason}", 0, program.source)
    if not isinstance(error, (MontyRuntimeError, MontySyntaxError)):
        return SandboxError(f"Expected plain data, but {error}"[:MAX_MESSAGE_CHARACTERS], 0, program.source)
    setup_end = helper_lines + program.setup.count("\n")
    own = [
        frame.line - helper_lines - (1 if is_type_hidden and frame.line > setup_end else 0)
        for frame in error.traceback()
    ]
    lines = [program.lines[line - 1] for line in own if 0 < line <= len(program.lines)]
    message = f"Expected a result, but {error.display('type-msg')}"[:MAX_MESSAGE_CHARACTERS]
    innermost = next((line for line in reversed(lines) if line), 0)  # 0: a function of our own
    return SandboxError(message, innermost, program.source)
