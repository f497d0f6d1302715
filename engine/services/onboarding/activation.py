"""Who wants to know when a person becomes active: services that waited for whoever holds a number."""

from collections.abc import Callable

from engine.definitions.registry import TopicCall

Follower = Callable[[TopicCall, str, str], None]
_FOLLOWERS: list[Follower] = []


def when_activated(function: Follower) -> Follower:
    """Registers `def follow(call, party_id, id_index)`: called in the step that makes a person active."""
    _FOLLOWERS.append(function)
    return function


def tell_followers(call: TopicCall, party_id: str, id_index: str) -> None:
    """A person is active, certified with the number behind this blind index."""
    for follow in _FOLLOWERS:
        follow(call, party_id, id_index)
