"""What changes of members, invitations and platform staff refuse."""

from engine.language.errors import EngineError


class MemberInvalid(EngineError):
    """A field of an invitation or of a member's entry is not valid. `field`: login, name, roles, limit_fen, reason,
    skills, password.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)
        self.field = field


class LastAdministrator(EngineError):
    """The enterprise, or the platform, would be left without anybody who manages its members."""

    def __init__(self) -> None:
        super().__init__("Expected an administrator to remain, but this is the last one")


class InvitationOver(EngineError):
    """The invitation was accepted, withdrawn, or has expired."""

    def __init__(self) -> None:
        super().__init__("Expected an open invitation, but it is over")


class InvitationNotYours(EngineError):
    """The invitation is for another account than the one that is signed in."""

    def __init__(self) -> None:
        super().__init__("Expected the account the invitation is for, but another is signed in")
