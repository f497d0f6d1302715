"""Who acts: a user, the party he acts for, and as what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """A person acting in one role. A person's own party has his user id; an organisation's has its own.

    `groups` are the candidate groups the acting role belongs to; `skills` narrow what of a group's work he may do.
    """

    user_id: str
    party_id: str
    role: str
    groups: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()


PLATFORM = "platform"
SYSTEM = Actor("system", PLATFORM, "system")
