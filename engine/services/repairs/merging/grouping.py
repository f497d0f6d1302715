"""Which statements are one: equal keys by themselves, similar free findings by the leader's word alone."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import orjson

from engine.services.repairs.merging.model import Decisions, Finding, Info, Order, Pair, PairWord, Provenance
from engine.services.repairs.merging.texts import SIMILAR_PERCENT, find_similarity, normalise_code, normalise_text


@dataclass(frozen=True, order=True)
class Key:
    """What a statement is about. Findings with one key are one; without a code the text takes its place."""

    line: str
    equipment: str
    component: str
    fault_code: str
    text: str

    @property
    def id(self) -> str:
        """A short name of the key, the same wherever it occurs."""
        return digest("finding", self.line, self.equipment, self.component, self.fault_code, self.text)


@dataclass(frozen=True)
class Group:
    """Statements that are one, and the keys they came under. The first key names it."""

    keys: tuple[Key, ...]
    members: tuple[Provenance, ...]

    @property
    def id(self) -> str:
        """The name of the statement they become."""
        return self.keys[0].id


def digest(*parts: object) -> str:
    """A short name for what the parts say."""
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:16]


def find_key(finding: Finding) -> Key:
    """The key of a finding."""
    code = normalise_code(finding.fault_code)
    text = "" if code else normalise_text(finding.text)
    return Key(finding.line, normalise_code(finding.equipment), normalise_code(finding.component), code, text)


def trace(order: Order, infos: Iterable[Info]) -> list[Provenance]:
    """Every statement with who made it and when: by round, author, version, then as its author wrote them down. What
    was sent twice counts once.

    Statements of somebody who is not of the team are refused: ValueError.
    """
    marks = {member.id: member.mark for member in order.members}
    infos = {*infos}
    if strangers := sorted({info.member for info in infos} - marks.keys()):
        raise ValueError(f"Expected statements of the team of {order.number}, but got some of {', '.join(strangers)}")
    newest: dict[tuple[str, int, Key], int] = {}
    for info in infos:
        for finding in info.findings:
            place = info.member, info.round, find_key(finding)
            newest[place] = max(newest.get(place, 0), info.version)
    return [
        Provenance(
            marks[info.member],
            info.version,
            info.round,
            info.sent_at,
            finding,
            is_superseded=info.version < newest[info.member, info.round, find_key(finding)],
        )
        for info in sorted(infos, key=_place_info)
        for finding in info.findings
    ]


def _place_info(info: Info) -> tuple[int, str, int, str, str]:
    return info.round, info.member, info.version, info.sent_at, repr(info)


def list_pairs(found: Mapping[Key, object], texts: Mapping[Key, str], decisions: Decisions) -> tuple[Pair, ...]:
    """The pairs that may say the same, for the leader to decide; similarity is not transitive, so never more than two
    at once.
    """
    return tuple(_make_pair(first, other, texts, decisions, percent) for first, other, percent in _compare(found))


def _compare(found: Mapping[Key, object]) -> Iterator[tuple[Key, Key, int]]:
    by_line: dict[str, list[Key]] = {}
    for key in sorted(found):
        by_line.setdefault(key.line, []).append(key)
    for keys in by_line.values():
        for first, other in combinations(keys, 2):
            if not (first.text and other.text) or not _may_be_one(first, other):
                continue
            percent = find_similarity(first.text, other.text)
            if percent >= SIMILAR_PERCENT:
                yield first, other, percent


def _may_be_one(first: Key, other: Key) -> bool:
    """Two named machines or components are two; where one of them was not named, it may be the other's."""
    named = ((first.equipment, other.equipment), (first.component, other.component))
    return all(not one or not two or one == two for one, two in named)


def _make_pair(first: Key, other: Key, texts: Mapping[Key, str], decisions: Decisions, percent: int) -> Pair:
    id_ = digest("pair", first.id, other.id)
    return Pair(id_, first.id, other.id, texts[first], texts[other], percent, decisions.pairs.get(id_))


def group(found: Mapping[Key, list[Provenance]], pairs: Iterable[Pair]) -> tuple[tuple[Group, ...], tuple[Pair, ...]]:
    """The statements, joined as the leader said; and the pairs as they then stand.

    Where joining two would join two others he told apart, they stay apart, and his word on them is asked for again.
    """
    leaders = {key.id: key.id for key in found}
    pairs = [*pairs]
    apart = [(pair.first, pair.second) for pair in pairs if pair.word == "different"]
    words: dict[str, PairWord | None] = {}
    for pair in pairs:
        words[pair.id] = pair.word
        if pair.word != "same":
            continue
        old, new = leaders[pair.second], leaders[pair.first]
        joined = {key: new if leader == old else leader for key, leader in leaders.items()}
        if any(joined[one] == joined[other] for one, other in apart):
            words[pair.id] = None
        else:
            leaders = joined
    together: dict[str, list[Key]] = {}
    for key in sorted(found):
        together.setdefault(leaders[key.id], []).append(key)
    groups = tuple(Group(tuple(keys), tuple(one for key in keys for one in found[key])) for keys in together.values())
    return groups, tuple(Pair(**{**vars(pair), "word": words[pair.id]}) for pair in pairs)
