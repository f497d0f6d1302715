"""What is refused of the list of an express task."""

from engine.language.errors import EngineError


class ListClosed(EngineError):
    """The list of an express task was handed in, and changes no more."""

    def __init__(self, task_id: str) -> None:
        super().__init__("Expected a list that is still drafted, but it was handed in", task_id=task_id)


class LineChanged(EngineError):
    """A line was corrected that somebody else has corrected since."""

    def __init__(self, version: int, latest: int) -> None:
        super().__init__(f"Expected version {latest}, but {version} was named", version=version, latest=latest)


class ListUnreadable(EngineError):
    """The file as a whole cannot be taken. `reason`: too_big, not_a_list, no_heading, no_lines, too_many_lines."""

    def __init__(self, reason: str, **facts: str | int) -> None:
        super().__init__(f"Expected a list of undertakers, but: {reason}", **facts)
        self.reason = reason

    @property
    def code(self) -> str:
        return f"list_unreadable.{self.reason}"
