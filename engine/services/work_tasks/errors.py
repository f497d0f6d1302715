"""What a command on a work task refuses."""

from engine.language.errors import EngineError
from engine.storage.plain import Plain


class MayNotPublish(EngineError):
    """The enterprise may not open a work task. `reason`: not_an_enterprise, not_certified, no_agreement, suspended,
    unpaid, wrong_role.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"Expected an enterprise that may publish, but: {reason}")
        self.reason = reason

    @property
    def code(self) -> str:
        return f"may_not_publish.{self.reason}"


class MayNotApply(EngineError):
    """The worker may not sign up. `reason`: not_a_person, not_certified, no_agreement, suspended, own_task,
    related_party, same_person, signed_up_before, terms_changed, offer_missing, offer_out_of_range,
    available_too_late.
    """

    def __init__(self, reason: str, **facts: Plain) -> None:
        super().__init__(f"Expected somebody who may sign up, but: {reason}", **facts)
        self.reason = reason

    @property
    def code(self) -> str:
        return f"may_not_apply.{self.reason}"


class WorseTerms(EngineError):
    """What was asked is no improvement of a work task. `reason`: nothing, signup_deadline, due_at."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Expected better terms for the workers, but: {reason}")
        self.reason = reason

    @property
    def code(self) -> str:
        return f"worse_terms.{self.reason}"


class SignupClosed(EngineError):
    """The work task takes no sign-ups: not published, not any more, or over."""

    def __init__(self, task_id: str) -> None:
        super().__init__("Expected a work task that takes sign-ups, but this one does not", task_id=task_id)


class NotPossible(EngineError):
    """What was asked of a work task, application or engagement does not fit the state it is in."""

    def __init__(self, request: str, state: str) -> None:
        super().__init__(f"Expected a state that allows {request}, but it is {state}", request=request, state=state)


class VersionConflict(EngineError):
    """An offer was answered or replaced that is not the latest any more."""

    def __init__(self, version: int, latest: int) -> None:
        super().__init__(f"Expected offer {latest}, but {version} was named", version=version, latest=latest)
