"""Bringing files in as drafts: whatever can be opened by an editor, with everything its lint will find in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

import orjson
from sqlalchemy import select

from engine.commands.drafts import find_begun, insert_draft
from engine.definitions.catalogue import AGREEMENT, CALENDAR, CALENDAR_KEY, DECISION, FORM, POLICY, POLICY_KEY, PROCESS
from engine.definitions.drawing import NotDrawable, complete_drawing
from engine.language.errors import BpmnUnreadable
from engine.language.model import BPMN, MAX_BYTES, read_bpmn
from engine.language.xml import XmlRefused, parse_xml
from engine.runtime.engine import Engine
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.tables import definition

Problem = Literal["", "unreadable", "nothing", "unfit", "exists"]
_DECISION = "{https://www.omg.org/spec/DMN/20191111/MODEL/}decision"
# Wider than what is asked of new things: files come with the ids of their makers.
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")
_FORM_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}/[A-Za-z0-9_-]{1,58}")


@dataclass(frozen=True)
class Imported:
    """What came of a file. `draft_id` is its draft, or the one that was there before (`exists`).

    `problem`: empty; unreadable: no editor could open it; nothing: it holds no process or table; unfit: its key is none
    that a definition can have.
    """

    path: str
    kind: str
    key: str
    draft_id: str | None
    problem: Problem = ""


def complete_file(path: str, content: bytes) -> bytes:
    """The file with what its drawing lacks; unchanged where nothing is lacking, or it cannot be drawn."""
    if not path.endswith(".bpmn") or len(content) > MAX_BYTES:
        return content
    try:
        return complete_drawing(content)
    except NotDrawable:
        return content


def import_files(engine: Engine, actor: Actor, files: Mapping[str, bytes]) -> list[Imported]:
    """A draft of each file that can be opened; those that are drafts already are left as they are.

    A file of several processes or decisions becomes one draft, under the key of its first.
    """
    read = [(path, *_identify(path, content)) for path, content in files.items()]
    drawn = {path: complete_file(path, files[path]) for path, _, _, problem in read if not problem}

    def work(unit: UnitOfWork) -> list[Imported]:
        return [
            Imported(path, kind, key, None, problem)
            if problem
            else _import(unit, actor, Imported(path, kind, key, None), drawn[path])
            for path, kind, key, problem in read
        ]

    return engine.database.transact(work)


def _import(unit: UnitOfWork, actor: Actor, found: Imported, content: bytes) -> Imported:
    if begun := find_begun(unit.connection, found.kind, found.key):
        return Imported(found.path, found.kind, found.key, begun, "exists")
    newest = (
        select(definition.c.id)
        .where(definition.c.kind == found.kind, definition.c.key == found.key)
        .order_by(definition.c.version.desc())
        .limit(1)
    )
    base_id = unit.connection.execute(newest).scalar_one_or_none()
    draft_id = insert_draft(unit, actor, found.kind, found.key, content, base_id)
    return Imported(found.path, found.kind, found.key, draft_id)


def _identify(path: str, content: bytes) -> tuple[str, str, Problem]:
    """Kind and key of a file, and why it cannot become a draft."""
    pure = PurePosixPath(path)
    try:
        if len(content) > MAX_BYTES:
            return "", pure.stem, "unreadable"
        match pure.suffix:
            case ".bpmn":
                ids = [process.get("id", "") for process in read_bpmn(content).iterchildren(f"{{{BPMN}}}process")]
                return PROCESS, *_check_key(next(iter(ids), None), _KEY)
            case ".dmn":
                tables = parse_xml(content).iterchildren(_DECISION)
                return DECISION, *_check_key(next((table.get("id", "") for table in tables), None), _KEY)
            case ".form" if isinstance(orjson.loads(content), dict):
                return FORM, *_check_key(f"{pure.parent.name}/{pure.stem}", _FORM_KEY)
            case ".json" if pure.name == "policy.json" and isinstance(orjson.loads(content), dict):
                return POLICY, POLICY_KEY, ""
            case ".json" if pure.name == "calendar.json" and isinstance(orjson.loads(content), dict):
                return CALENDAR, CALENDAR_KEY, ""
            case ".agreement":
                return AGREEMENT, *_check_key(pure.stem, _KEY)
    except (BpmnUnreadable, XmlRefused, orjson.JSONDecodeError):
        pass
    return "", pure.stem, "unreadable"


def _check_key(key: str | None, form: re.Pattern[str]) -> tuple[str, Problem]:
    if key is None:
        return "", "nothing"
    return (key, "") if form.fullmatch(key) else (key[:60], "unfit")
