"""Comparing a provider's file with our books. Pure: it moves nothing and remembers nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.services.payments.provider import FileLine

MISSING_HERE, MISSING_THERE = "missing_here", "missing_there"
DIFFERENT, DUPLICATE = "different_amount", "duplicate"
Key = tuple[str, str]  # kind and reference of a line


@dataclass(frozen=True)
class OwnOrder:
    """An order as our books have it; of one that failed nothing was moved."""

    amount_fen: int
    party_id: str


@dataclass(frozen=True)
class Difference:
    """Where the two disagree; an amount is 0 on the side that does not know of it."""

    kind: str
    line_kind: str
    reference: str
    their_fen: int
    our_fen: int
    party_id: str | None

    @property
    def surplus_fen(self) -> int:
        """Money that came in and is nobody's by our books."""
        if self.line_kind != "payment":
            return 0
        return self.their_fen if self.kind == DUPLICATE else max(0, self.their_fen - self.our_fen)


@dataclass(frozen=True)
class Outcome:
    """What a comparison found: the lines that agree, and the differences in the order of the file."""

    matched: list[FileLine]
    differences: list[Difference]


def compare(
    lines: Sequence[FileLine], known: Mapping[Key, OwnOrder], seen: Collection[Key], due: Iterable[Key]
) -> Outcome:
    """`known` are our orders by kind and reference, `seen` those in earlier files, `due` those that ended on the day
    and must be in this file or an earlier one.
    """
    met, matched, differences = set(seen), [], []
    for line in lines:
        key = (line.kind, line.reference)
        ours = known.get(key)
        if key in met:
            kind = DUPLICATE
        elif ours is None:
            kind = MISSING_HERE
        elif ours.amount_fen != line.amount_fen:
            kind = DIFFERENT
        else:
            kind = ""
        met.add(key)
        if kind:
            differences.append(_difference(kind, line, ours))
        else:
            matched.append(line)
    for key in due:
        if key not in met:
            ours = known[key]
            differences.append(Difference(MISSING_THERE, *key, 0, ours.amount_fen, ours.party_id))
    return Outcome(matched, differences)


def _difference(kind: str, line: FileLine, ours: OwnOrder | None) -> Difference:
    our_fen, party_id = (ours.amount_fen, ours.party_id) if ours else (0, None)
    return Difference(kind, line.kind, line.reference, line.amount_fen, our_fen, party_id)
