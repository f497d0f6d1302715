"""Photos of one content are one, photos that look alike lie on one stack, and each belongs to what it shows."""

from collections.abc import Iterable
from datetime import datetime

from engine.services.repairs.merging.model import MergedPhoto, Order, Photo, Statement, Upload
from engine.services.repairs.merging.texts import normalise_code
from engine.storage.clock import parse_instant

# Of 64 bits.
SIMILAR_DISTANCE = 6


def fold(order: Order, photos: Iterable[Photo], statements: Iterable[Statement]) -> tuple[MergedPhoto, ...]:
    """Each content once, under all names, by the time it was taken."""
    by_content: dict[str, list[Photo]] = {}
    for photo in sorted(set(photos), key=_place):
        by_content.setdefault(photo.sha256, []).append(photo)
    marks = {member.id: member.mark for member in order.members}
    firsts = sorted((found[0] for found in by_content.values()), key=_place)
    stacks = _stack(firsts)
    by_line: dict[str, list[Statement]] = {}
    for statement in statements:
        by_line.setdefault(statement.line, []).append(statement)
    return tuple(_merge(by_content[first.sha256], stacks[first.sha256], marks, by_line) for first in firsts)


def _place(photo: Photo) -> tuple[datetime, str, datetime, str]:
    return _seen_at(photo), photo.sha256, parse_instant(photo.uploaded_at), repr(photo)


def _seen_at(photo: Photo) -> datetime:
    return parse_instant(photo.taken_at or photo.uploaded_at)


def _stack(photos: Iterable[Photo]) -> dict[str, str]:
    """On which stack each content lies: that of the first photo before it that looks like it and begins a stack.
    Looking alike is not transitive, so what lies on a stack is compared with its first photo alone.
    """
    tops: list[tuple[int, str]] = []
    found: dict[str, str] = {}
    for photo in photos:
        if not photo.perceptual_hash:
            found[photo.sha256] = photo.sha256
            continue
        own = int(photo.perceptual_hash, 16)
        near = next((top for bits, top in tops if (bits ^ own).bit_count() <= SIMILAR_DISTANCE), None)
        found[photo.sha256] = near or photo.sha256
        tops += [] if near else [(own, photo.sha256)]
    return found


def _merge(found: list[Photo], stack: str, marks: dict[str, str], by_line: dict[str, list[Statement]]) -> MergedPhoto:
    first = found[0]
    uploads = tuple(
        Upload(
            marks[photo.member],
            photo.file,
            photo.name,
            photo.line,
            photo.equipment,
            photo.stage,
            photo.caption,
            photo.uploaded_at,
        )
        for photo in found
    )
    shown = {statement.id for photo in found for statement in _find_shown(photo, by_line.get(photo.line, []))}
    flags = sorted({flag for photo in found for flag in photo.flags})
    return MergedPhoto(first.sha256, stack, first.taken_at, first.position, tuple(flags), uploads, tuple(sorted(shown)))


def _find_shown(photo: Photo, statements: list[Statement]) -> list[Statement]:
    """What a photo shows: everything found on the equipment it is tagged with, else what was found on its line at the
    time that is nearest to it.
    """
    tag = normalise_code(photo.equipment)
    tagged = [one for one in statements if tag and normalise_code(one.equipment) == tag]
    if tagged or not statements:
        return tagged
    seen_at = _seen_at(photo)
    return [min(statements, key=lambda one: (_distance(one, seen_at), one.id))]


def _distance(statement: Statement, at: datetime) -> float:
    """Seconds from the work on what was found, else from when it was reported."""
    spans = [
        (parse_instant(one.begins_at), parse_instant(one.ends_at))
        for labourer in statement.labour
        for one in labourer.labour
    ] or [(parse_instant(statement.at),) * 2]
    return min(max((begins - at).total_seconds(), (at - ends).total_seconds(), 0.0) for begins, ends in spans)
