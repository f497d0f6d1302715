"""What can go wrong in the language, by name."""

import re

from engine.storage.plain import Plain, PlainDict


class EngineError(Exception):
    """Something a caller may have to answer: `code` is the key of its text (`error.<code>`), `facts` fill it in."""

    def __init__(self, message: str, **facts: Plain) -> None:
        super().__init__(message)
        self.facts: PlainDict = facts

    @property
    def code(self) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class TryAgain(EngineError):
    """Nothing is wrong with the case: something was busy. The step is given up, to be done again later."""


class BpmnError(Exception):
    """A business error that a service or an error end event throws, for the nearest boundary event with its code.

    `values` are what the output parameters of that boundary event see, besides `error_code` and `error_message`.
    """

    def __init__(self, code: str, message: str = "", values: PlainDict | None = None) -> None:
        super().__init__(message or code)
        self.code = code
        self.values = values or {}


class BpmnUnreadable(EngineError):
    """A file is no BPMN that we read. `problem` says why: too_large, too_many, doctype, not_xml or not_bpmn.

    `line` counts from 1; 0 where no line is to blame.
    """

    def __init__(self, problem: str, message: str, line: int = 0, **facts: Plain) -> None:
        super().__init__(message, line=line, **facts)
        self.problem = problem
        self.line = line


class DefinitionUnparsable(EngineError):
    """A diagram can be read but not executed; `element_id` is the element to blame, or the process."""

    def __init__(self, element_id: str, message: str) -> None:
        super().__init__(message, element=element_id)
        self.element_id = element_id


class MergeConflict(EngineError):
    """Branches that meet at a join gave one variable different values, and its `baton:lastWins` does not name it."""

    def __init__(self, variable: str) -> None:
        message = f"Expected parallel branches to write distinct variables, but several wrote {variable!r}"
        super().__init__(message, variable=variable)
        self.variable = variable


class StepLimitExceeded(EngineError):
    """The automatic elements of one step did not come to rest."""

    def __init__(self, limit: int) -> None:
        message = f"Expected the case to come to rest within {limit} automatic elements, but it ran on"
        super().__init__(message, limit=limit)


class TaskNotWaiting(EngineError):
    """A task is not, or no longer, in the state an operation needs."""

    def __init__(self, element: str, expected: str) -> None:
        super().__init__(f"Expected {element} to be {expected}, but it is not", element=element)


class ValueUnfit(EngineError):
    """An expression of the diagram gave a value that its place cannot take."""
