"""What a repair report is made of. Everything is immutable; instants are UTC texts as process data hold them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import orjson

PairWord: TypeAlias = Literal["same", "different"]
LEADER = "leader"
ALL = "*"  # the choice of all values that differ


@dataclass(frozen=True)
class Line:
    """One line of a repair order. `key` is unique in its order, and orders the report."""

    key: str
    title: str = ""
    equipment: str = ""


@dataclass(frozen=True)
class Member:
    """Somebody of the team. `mark` is what stands behind his statements: `leader`, `A1`, `A2`, …"""

    id: str
    mark: str
    name: str = ""


@dataclass(frozen=True)
class Order:
    """The repair order. Members and lines may come in any order. The site is in degrees, None if it is not known."""

    number: str
    lines: tuple[Line, ...] = ()
    members: tuple[Member, ...] = ()
    site: tuple[float, float] | None = None


@dataclass(frozen=True, order=True)
class Measure:
    """A measurement as it was typed."""

    name: str
    value: str
    unit: str = ""


@dataclass(frozen=True, order=True)
class Part:
    """Parts used. With a serial number it is one certain piece."""

    number: str
    serial: str = ""
    quantity: int = 1


@dataclass(frozen=True, order=True)
class Labour:
    """From when to when somebody worked."""

    begins_at: str
    ends_at: str


@dataclass(frozen=True)
class Finding:
    """One statement of a member on a line of the order. Without a fault code it is a free finding."""

    line: str
    text: str
    equipment: str = ""
    component: str = ""
    fault_code: str = ""
    measures: tuple[Measure, ...] = ()
    action: str = ""
    parts: tuple[Part, ...] = ()
    labour: tuple[Labour, ...] = ()
    result: str = ""
    follow_up: str = ""


@dataclass(frozen=True)
class Info:
    """What a member (his `id`) sent to the leader. A supplement is the next version in the same round: what it says
    under a key takes the place of what its author said there before. A round is a day of a longer repair.
    """

    member: str
    sent_at: str
    findings: tuple[Finding, ...] = ()
    version: int = 1
    round: int = 1


@dataclass(frozen=True)
class Photo:
    """A photo a member (his `id`) handed in. `perceptual_hash` are 16 hex digits, empty where it cannot be told.

    `equipment` is its tag. `taken_at` and `position` stand in the unaltered file; `flags` tell what is wrong with them.
    """

    file: str
    sha256: str
    member: str
    name: str
    uploaded_at: str
    perceptual_hash: str = ""
    line: str = ""
    equipment: str = ""
    stage: str = ""
    caption: str = ""
    taken_at: str | None = None
    position: tuple[float, float] | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    """What a member (his `id`) says beside the merged text: a dissent, a reason why he has no photos, or the leader's
    reason to close without him.
    """

    member: str
    text: str


@dataclass(frozen=True)
class Decisions:
    """The leader's word: on pairs and conflicts by their ids, texts he edited by the id of a statement, and gaps he
    explains by the id of the gap.
    """

    pairs: Mapping[str, PairWord] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    explained: Mapping[str, str] = field(default_factory=dict)
    analysis: str = ""


@dataclass(frozen=True)
class Sourced:
    """A text with the marks of who says so."""

    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class SourcedMeasure:
    """A measurement that stands. `at` is when it was reported last."""

    name: str
    value: str
    unit: str
    at: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class SourcedPart:
    """How many pieces of a part were used, and which of them are known by their serial number."""

    number: str
    quantity: int
    serials: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Labourer:
    """The time of one person on a statement or on the whole order."""

    mark: str
    labour: tuple[Labour, ...]
    minutes: int


@dataclass(frozen=True)
class Provenance:
    """An input statement behind a merged one, as it was sent."""

    mark: str
    version: int
    round: int
    sent_at: str
    finding: Finding
    is_superseded: bool = False


@dataclass(frozen=True)
class Statement:
    """A finding of the report. `sentences` say what was found; an edited text carries the leader's mark as well.
    `keys` are the ids of all it was made of, its own the first.
    """

    id: str
    keys: tuple[str, ...]
    line: str
    equipment: str
    component: str
    fault_code: str
    at: str
    sentences: tuple[Sourced, ...]
    measures: tuple[SourcedMeasure, ...]
    actions: tuple[Sourced, ...]
    parts: tuple[SourcedPart, ...]
    labour: tuple[Labourer, ...]
    results: tuple[Sourced, ...]
    follow_ups: tuple[Sourced, ...]
    is_edited: bool
    photos: tuple[str, ...]
    sources: tuple[str, ...]
    provenance: tuple[Provenance, ...]


@dataclass(frozen=True)
class Pair:
    """Two statements that may say the same. `word` is what the leader said, None as long as he has not."""

    id: str
    first: str
    second: str
    first_text: str
    second_text: str
    similarity_percent: int
    word: PairWord | None = None


@dataclass(frozen=True)
class Conflict:
    """Values of different authors that differ. `field` is `measure` or `result`; `chosen` is one of the options,
    or `ALL`.
    """

    id: str
    statement: str
    field: str
    name: str
    options: tuple[Sourced, ...]
    chosen: str | None = None


@dataclass(frozen=True)
class Upload:
    """Under which name, for what, and by whom a photo was handed in."""

    mark: str
    file: str
    name: str
    line: str
    equipment: str
    stage: str
    caption: str
    uploaded_at: str


@dataclass(frozen=True)
class MergedPhoto:
    """One content, whoever handed it in. `stack` is the content at whose stack it lies: its own where it looks like
    none before it.
    """

    sha256: str
    stack: str
    taken_at: str | None
    position: tuple[float, float] | None
    flags: tuple[str, ...]
    uploads: tuple[Upload, ...]
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Gap:
    """What is missing in a report: `kind` is `line_without_finding`, `finding_without_photo`, `photo_without_finding`,
    `pair_open` or `conflict_open`, `about` the line, statement, photo, pair or conflict; `marks` whom it concerns.
    """

    id: str
    kind: str
    about: str
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """The merged statements and what the leader decides. `statements_in` input statements became these."""

    statements: tuple[Statement, ...]
    pairs: tuple[Pair, ...]
    conflicts: tuple[Conflict, ...]
    statements_in: int


@dataclass(frozen=True)
class Report:
    """The complete report with all photos. `to_bytes` is the same for the same inputs, in whatever order they came."""

    order: Order
    draft: Draft
    photos: tuple[MergedPhoto, ...]
    labour: tuple[Labourer, ...]
    analysis: str
    dissents: tuple[Sourced, ...] = ()
    without_photos: tuple[Sourced, ...] = ()
    closed_without: tuple[Sourced, ...] = ()
    addenda: tuple[Provenance, ...] = ()
    explained: tuple[tuple[str, str], ...] = ()

    def to_bytes(self) -> bytes:
        """The report as JSON with sorted keys."""
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS)

    @property
    def sha256(self) -> str:
        """The hash of its bytes."""
        return hashlib.sha256(self.to_bytes()).hexdigest()
