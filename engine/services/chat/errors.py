"""What is refused in a chat room."""

from engine.language.errors import EngineError


class RoomClosed(EngineError):
    """The order has ended: the room can be read, and nobody writes in it."""

    def __init__(self, order_id: str) -> None:
        super().__init__("Expected an open room, but its order has ended", order_id=order_id)


class MessageUnfit(EngineError):
    """What was sent cannot be kept. `problem` says why: empty, too_long, control_character, two_things (a text and a
    file, or two files), no_content (an empty file), not_shown (no picture or sound a browser shows), too_large (in
    megabytes), too_big (in pixels), too_long_voice, no_reason. `limit`: the number its text names.
    """

    def __init__(self, problem: str, limit: int = 0) -> None:
        super().__init__(f"Expected a message that can be kept, but it is {problem}", limit=limit)
        self.problem = problem

    @property
    def code(self) -> str:
        return f"message_unfit.{self.problem}"


class PhoneNotReady(EngineError):
    """There is no number to dial: not yet, or no longer."""

    def __init__(self, order_id: str) -> None:
        super().__init__("Expected a number that is bound, but there is none", order_id=order_id)
