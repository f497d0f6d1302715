"""Who acts: a user, the party he acts for, and as what."""

from dataclasses import field

from engine.storage.frozen import frozen


@frozen
class Origin:
    """From where somebody acts: network address and browser."""

    address: str
    user_agent: str


@frozen
class Actor:
    """A person acting in one role. A person's own party has his user id; an organisation's has its own.

    `groups` are the candidate groups the acting role belongs to; `skills` narrow what of a group's work he may do.
    `origin` is known of who acts through a page; it says nothing about what he may do.
    """

    user_id: str
    party_id: str
    role: str
    groups: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    origin: Origin | None = field(default=None, compare=False)

    @property
    def data_id(self) -> str:
        """How process data name who acts: by his party. One of the platform's people has an id of his own there: his
        work is not that of all of them, and does not mix with what is his as a member.
        """
        return STAFF + self.user_id if self.party_id == PLATFORM else self.party_id


PLATFORM = "platform"
STAFF = "staff:"


def party_behind(data_id: str) -> str:
    """The party that a `data_id` names; of the platform's people the person."""
    return data_id.removeprefix(STAFF)


SYSTEM = Actor("system", PLATFORM, "system")
EXTERNAL_WORKER = "external_worker"  # the role of programs outside that work on external tasks
MACHINES = frozenset({SYSTEM.role, EXTERNAL_WORKER})
"""The roles in which no person acts."""
