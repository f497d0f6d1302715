"""SpiffWorkflow's script engine on top of the sandbox.

The environment is overridden as well as the engine: correlation and ad-hoc conditions bypass the engine.
"""

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine

from engine.language.errors import EngineError
from engine.language.repairs import repairs
from engine.language.sandbox import Function, Sandbox, SandboxError, TimeBudget


class ExpressionFailed(EngineError):
    """An expression or script of an element failed; the text names the element, and the line where it is known."""

    def __init__(self, element: str, error: SandboxError) -> None:
        lines = error.source.splitlines()
        self.line = error.line
        self.source_line = lines[error.line - 1] if 0 < error.line <= len(lines) else ""
        place = f"{element}, line {error.line}: {self.source_line.strip()}" if self.source_line else element
        super().__init__(f"{error} ({place})", element=element, line=error.line)


class SandboxEnvironment(BasePythonScriptEngineEnvironment):  # type: ignore[misc]  # SpiffWorkflow has no types
    """`values` and `functions` are known to every expression; process data of the same name come first."""

    def __init__(
        self,
        sandbox: Sandbox,
        values: Mapping[str, object] | None = None,
        functions: Mapping[str, Function] | None = None,
        budget: TimeBudget | None = None,
    ) -> None:
        super().__init__(dict(values or {}))
        self.sandbox = sandbox
        self.functions = functions or {}
        self.budget = budget

    def evaluate(
        self, expression: str, context: Mapping[str, object], external_context: Mapping[str, object] | None = None
    ) -> Any:
        """The value of an expression. Raises SandboxError, SandboxBusy."""
        known = {**self.globals, **(external_context or {}), **context}
        return self.sandbox.evaluate(expression, known, self.functions, self.budget)

    def execute(
        self, script: str, context: dict[str, Any], external_context: Mapping[str, object] | None = None
    ) -> bool:
        """Run a script and put new values in the place of those it changes; no value is changed itself."""
        known = {**self.globals, **(external_context or {}), **context}
        context.update(self.sandbox.execute(script, known, self.functions, self.budget))
        return True


class SandboxEngine(PythonScriptEngine):  # type: ignore[misc]  # SpiffWorkflow has no types
    """One per step, so that its budget counts one step. `values` is the place for `now`."""

    def __init__(
        self,
        sandbox: Sandbox,
        values: Mapping[str, object] | None = None,
        functions: Mapping[str, Function] | None = None,
        budget: TimeBudget | None = None,
    ) -> None:
        super().__init__(SandboxEnvironment(sandbox, values, functions, budget))

    def evaluate(self, task: Any, expression: str, external_context: Mapping[str, object] | None = None) -> Any:
        """The value of an expression over the data of a task. Raises as `evaluate_on` does."""
        return self.evaluate_on(task, expression, task.data, external_context)

    def evaluate_on(
        self,
        task: Any,
        expression: str,
        data: Mapping[str, object],
        external_context: Mapping[str, object] | None = None,
    ) -> Any:
        """The value of an expression of a task's element, over some data.

        Raises ExpressionFailed, SandboxBusy.
        """
        try:
            return self.environment.evaluate(expression, data, external_context)
        except SandboxError as error:
            raise ExpressionFailed(_name_element(task), error) from error

    @repairs(
        "data-changed-in-place",
        "A script that changes a nested value changes the data of every task before it, and with them the past.",
    )
    def execute(self, task: Any, script: str, external_context: Mapping[str, object] | None = None) -> bool:
        """Run a script on a copy of the task's data, which then takes their place. Raises as `evaluate` does."""
        data = dict(task.data)
        try:
            self.environment.execute(script, data, external_context)
        except SandboxError as error:
            raise ExpressionFailed(_name_element(task), error) from error
        task.data = data
        return True


def _name_element(task: Any) -> str:
    return str(task.task_spec.bpmn_id or task.task_spec.name)
