"""The data of branches that meet: a three-way merge against the data at the fork, never ordered by the clock."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from engine.language.errors import MergeConflict
from engine.language.repairs import repairs
from engine.language.specs.task import TracedTask
from engine.language.values import is_same
from engine.storage.plain import PlainDict

ABSENT = object()


@repairs(
    "lost-update-at-a-join",
    "The branch that arrives last at a join overwrites what the others changed with its stale copy.",
)
def merge_tokens(tokens: Sequence[TracedTask], last_wins: Container[str]) -> PlainDict:
    """The data of tokens that meet, each counted against the fork it came from.

    `tokens` are in the order of their arrival. Raises MergeConflict when two of them gave a variable different
    values, unless `last_wins` names it.
    """
    return _merge([(_find_chain(token), token) for token in tokens], 0, last_wins)


def find_fork(tokens: Sequence[TracedTask]) -> TracedTask:
    """The last task all tokens descend from, one of them included."""
    chains = [_find_chain(token) for token in tokens]
    shared: list[TracedTask] = [
        level[0] for level in zip(*chains, strict=False) if all(task is level[0] for task in level)
    ]
    return shared[-1]


def _find_chain(token: TracedTask) -> list[TracedTask]:
    """From the first task of its scope to the token."""
    return [token, *token.ancestors][::-1]


def _merge(chains: list[tuple[list[TracedTask], TracedTask]], depth: int, last_wins: Container[str]) -> PlainDict:
    """Forks within forks first, so that a value one branch only inherited from an inner fork is no clash."""
    if len(chains) == 1:
        return chains[0][1].data
    while all(len(chain) > depth + 1 and chain[depth + 1] is chains[0][0][depth + 1] for chain, _ in chains):
        depth += 1
    fork = chains[0][0][depth]
    groups: dict[str, list[tuple[list[TracedTask], TracedTask]]] = {}
    for chain, token in chains:
        branch = chain[min(depth + 1, len(chain) - 1)].id
        earlier = groups.pop(branch, [])  # a branch counts as arrived with its last token
        groups[branch] = [*earlier, (chain, token)]
    return merge_branches(fork.data, [_merge(group, depth + 1, last_wins) for group in groups.values()], last_wins)


@repairs("silent-conflict", "Two branches that gave one variable different values meet without a word.")
def merge_branches(base: PlainDict, branches: Sequence[PlainDict], last_wins: Container[str]) -> PlainDict:
    """What the branches changed since the fork; a deletion is a change."""
    changes: dict[str, object] = {}
    for data in branches:
        for name, new in find_changes(base, data).items():
            if name not in last_wins and not is_unchanged(changes.get(name, new), new):
                raise MergeConflict(name)
            changes[name] = new
    return apply_changes(base, changes)


def apply_changes(data: PlainDict, changes: Mapping[str, object]) -> PlainDict:
    """The data with other values; ABSENT takes a variable away."""
    merged: dict[str, Any] = {**data, **changes}
    return {name: value for name, value in merged.items() if value is not ABSENT}


def find_changes(base: PlainDict, data: PlainDict) -> dict[str, object]:
    """The variables that differ, with their new value; ABSENT for one that is gone."""
    found = {name: get_value(data, name) for name in {**base, **data}}
    return {name: new for name, new in found.items() if not is_unchanged(get_value(base, name), new)}


def get_value(data: PlainDict, name: str) -> object:
    """The value of a variable, ABSENT where there is none."""
    return data.get(name, ABSENT)


def is_unchanged(before: object, after: object) -> bool:
    return before is after or is_same(before, after)
