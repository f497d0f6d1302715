"""What a command refuses, in types a caller can catch. Each has a `code`, the key of its text in the catalogues."""

from engine.language.errors import EngineError


class NotFound(EngineError):
    """There is no such thing, or it is none of the actor's business; the answer is the same."""

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(f"Expected a {kind}, but found none under {identifier!r}", kind=kind)


class Forbidden(EngineError):
    """The actor sees the thing but may not do this to it."""


class ViewUnavailable(EngineError):
    """A form shows what a service knows of a case, and this case has nothing of the kind: it belongs to another."""

    def __init__(self, view: str) -> None:
        super().__init__(f"Expected a case that {view} can be shown of, but it lacks the data for it", view=view)


class TaskAlreadyClaimed(EngineError):
    """Somebody else holds the task."""

    def __init__(self, task_id: str) -> None:
        super().__init__("Expected a task nobody holds, but somebody does", task_id=task_id)


class TaskAlreadyCompleted(EngineError):
    """The task was completed before, by somebody else or with other content."""

    def __init__(self, task_id: str) -> None:
        super().__init__("Expected an open task, but it was completed", task_id=task_id)


class SubmissionConflict(EngineError):
    """The same key was sent before with other content."""

    def __init__(self, scope: str) -> None:
        super().__init__("Expected the content first sent under this key, but it differs", scope=scope)


class InstanceClosed(EngineError):
    """The case has ended."""

    def __init__(self, instance_id: str) -> None:
        super().__init__("Expected an open case, but it has ended", instance_id=instance_id)


class NobodyWaits(EngineError):
    """No instance waits for the message."""

    def __init__(self, name: str, correlation_key: str) -> None:
        super().__init__(
            f"Expected an instance that waits for {name} [{correlation_key}], but none does",
            name=name,
            correlation_key=correlation_key,
        )


class Busy(EngineError):
    """Too much is under way; the same request may succeed in a moment."""
