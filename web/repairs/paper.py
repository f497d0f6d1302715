"""A repair report as PDF: what its page says, with small pictures."""

from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from flask import g
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.storage.clock import parse_instant
from engine.storage.files import FileStore
from web.formatting import Formatter
from web.papers.pdf import Paper, Seal
from web.repairs.outputs import Output
from web.texts import text
from web.uploads import IMAGE_FORMATS

PICTURE_PIXELS = 400
_RESULTS = ("fixed", "temporary", "open")


def set_report(one: Output, store: FileStore, zone: ZoneInfo, address: str) -> bytes:
    """The file, in the reader's language. Raises PaperUnavailable."""
    row, report = one.row, one.report
    fmt = Formatter(g.fmt.language, zone, row["made_at"])
    number = f"{report['order']['number']} · v{row['version']}"
    paper = Paper(
        Seal(number, row["sha256"], row["made_at"], address),
        text("report.title"),
        text("paper.issuer"),
        text("paper.page", page="{page}", pages="{pages}"),
    )
    paper.lead(one.access.order["title"])
    paper.facts(_summarise(one, fmt))
    for line, statements in one.lines:
        if statements:
            paper.section(
                " · ".join(filter(None, (line["key"], line["title"], line["equipment"]))) or text("report.other")
            )
        for statement in statements:
            _set_statement(paper, statement)
            paper.pictures(_open_pictures(one, store, statement["photos"]))
    _set_conflicts(paper, one)
    _set_notes(paper, report)
    paper.proof(
        text("paper.proof"),
        [
            (text("document.number"), number),
            (text("report.made"), fmt.full(row["made_at"])),
            (text("document.sha256"), row["sha256"]),
        ],
    )
    return paper.finish()


def name_marks(marks: Iterable[str]) -> str:
    """The marks of sources as they stand behind a sentence."""
    return "".join(f"[{text('report.mark.leader') if mark == 'leader' else mark}]" for mark in marks)


def name_result(code: str) -> str:
    """The result of a repair in words."""
    return text(f"report.result.{code}") if code in _RESULTS else code


def _summarise(one: Output, fmt: Formatter) -> list[tuple[str, str]]:
    report, draft = one.report, one.report["draft"]
    merged = text("report.merge.ratio", before=draft["statements_in"], after=len(draft["statements"]))
    team = [f"{name_marks([mark])} {member['name']}" for mark, member in one.people.items()]
    labour = [f"{name_marks([who['mark']])} {text('report.minutes', count=who['minutes'])}" for who in report["labour"]]
    facts = [
        (text("report.made"), f"{fmt.full(one.row['made_at'])} · {one.maker}"),
        (text("report.redundancy"), merged),
        (text("report.photos"), text("report.photos.count", count=len(report["photos"]), stacks=len(one.stacks))),
        (text("report.team"), "   ".join(team)),
        (text("report.labour"), "   ".join(labour)),
        (text("report.analysis"), report["analysis"]),
    ]
    return [(label, value) for label, value in facts if value]


def _set_statement(paper: Paper, statement: Mapping[str, Any]) -> None:
    paper.paragraph("\n".join(_sourced(statement["sentences"])))
    measures = [
        f"{one['name']} {one['value']} {one['unit']} {name_marks(one['sources'])}" for one in statement["measures"]
    ]
    parts = [
        f"{one['number']} × {one['quantity']} {' '.join(one['serials'])} {name_marks(one['sources'])}"
        for one in statement["parts"]
    ]
    results = [f"{name_result(one['text'])} {name_marks(one['sources'])}" for one in statement["results"]]
    facts = [
        (text("report.measures"), measures),
        (text("report.actions"), [*_sourced(statement["actions"])]),
        (text("report.parts"), parts),
        (text("report.result"), results),
        (text("report.follow_up"), [*_sourced(statement["follow_ups"])]),
    ]
    paper.facts((label, "；".join(values)) for label, values in facts if values)


def _sourced(texts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (f"{one['text']} {name_marks(one['sources'])}" for one in texts)


def _set_conflicts(paper: Paper, one: Output) -> None:
    conflicts = one.report["draft"]["conflicts"]
    if not conflicts:
        return
    paper.section(text("report.conflicts"))
    columns = [(text("report.conflict.about"), 40, "L"), (text("report.conflict.values"), 70, "L")]
    paper.table([*columns, (text("report.conflict.chosen"), 40, "L")], [_tell_conflict(found) for found in conflicts])


def _tell_conflict(found: Mapping[str, Any]) -> tuple[str, str, str]:
    values = [f"{name_result(value['text'])} {name_marks(value['sources'])}" for value in found["options"]]
    chosen = text("report.conflict.open") if found["chosen"] is None else name_result(found["chosen"])
    return (
        found["name"] or text("report.result"),
        "；".join(values),
        text("report.merge.both") if chosen == "*" else chosen,
    )


def _set_notes(paper: Paper, report: Mapping[str, Any]) -> None:
    for name in ("dissents", "without_photos", "closed_without"):
        if report[name]:
            paper.section(text(f"report.{name}"))
            paper.paragraph("\n".join(_sourced(report[name])))
    if report["addenda"]:
        paper.section(text("report.addenda"))
        paper.paragraph("\n".join(f"{one['finding']['text']} {name_marks([one['mark']])}" for one in report["addenda"]))


def _open_pictures(one: Output, store: FileStore, contents: Iterable[str]) -> Iterator[tuple[bytes, str]]:
    """Small copies of photos the reader may see, each with what stands below it."""
    for sha256 in contents:
        photo = one.photos[sha256]
        first = photo["uploads"][0]
        if one.picture_of(photo) is None:
            continue
        stage = text(f"report.stage.{first['stage']}") if first["stage"] else ""
        marks = name_marks(upload["mark"] for upload in photo["uploads"])
        taken = (
            g.fmt.instant(parse_instant(photo["taken_at"])) if photo["taken_at"] else text("report.flag.time_missing")
        )
        if picture := _shrink(store, sha256):
            yield picture, " · ".join(filter(None, (marks, stage, taken, first["caption"])))


def _shrink(store: FileStore, sha256: str) -> bytes | None:
    try:
        with Image.open(store.path(sha256), formats=IMAGE_FORMATS) as image:
            small = ImageOps.exif_transpose(image).convert("RGB")
            small.thumbnail((PICTURE_PIXELS, PICTURE_PIXELS))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError):
        return None
    out = BytesIO()
    small.save(out, "JPEG", quality=75)
    return out.getvalue()
