"""The port every channel is behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

MAIL, MESSENGER, WEBHOOK, PUSH = "mail", "messenger", "webhook", "push"
CHANNELS = (MESSENGER, MAIL, WEBHOOK)
"""What a person may give an address for, in the order of preference. Browsers register themselves for `push`."""


class AddressUnfit(ValueError):
    """An address a channel cannot or must not send to. `reason` is the key of its text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Link:
    """Something one may do right from the message."""

    words: str
    url: str


@dataclass(frozen=True)
class Message:
    """One message to one person. A receiver that gets `id` again has it already. `user_id` is for our own outbox."""

    id: str
    user_id: str
    address: str
    title: str
    body: str
    links: tuple[Link, ...] = ()
    path: str = ""  # the page of ours that shows it
    facts: Mapping[str, str] = field(default_factory=dict)  # for programs that read it

    @property
    def text(self) -> str:
        """The body with what one may do below it."""
        return "\n\n".join([self.body, *(f"{link.words}: {link.url}" for link in self.links)])


@dataclass(frozen=True)
class Receipt:
    """What came of one message. `is_delivered`: the receiver himself has it, not only who passes it on."""

    id: str
    error: str = ""
    is_delivered: bool = False


class Channel(Protocol):
    """A way out. `send` answers for every message and raises nothing: what went wrong is in its receipt."""

    def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Sends at most so many as the channel can within a few seconds; those it has no receipt for stay queued."""
