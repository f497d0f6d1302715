"""Files on their way in: chosen, given a path, checked, sent again with the decision to deploy or to keep as drafts.

Between the check and that decision the browser keeps them, in fields of the page; the server keeps nothing.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from flask import Request
from werkzeug.exceptions import BadRequest

from engine.commands.deployments import read_candidates
from engine.commands.imports import complete_file
from engine.definitions.catalogue import FORM, SHARED
from engine.definitions.findings import Finding
from engine.language.model import MAX_BYTES
from engine.queries.definitions import DefinitionRow


@dataclass(frozen=True)
class Upload:
    """A file and where it belongs; the path says what it is. `is_drawn`: its drawing was completed on arrival."""

    path: str
    content: bytes
    is_drawn: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the page holds it for the next press; what is larger than any definition goes no farther."""
        return len(self.content) <= MAX_BYTES

    @property
    def encoded(self) -> str:
        """The content for a hidden field: a browser would change the line ends of plain text."""
        return b64encode(self.content).decode()


@dataclass(frozen=True)
class Effect:
    """What a file would do: `before` is the version it would replace, none for a new definition."""

    kind: str
    key: str
    before: DefinitionRow | None
    is_same: bool


@dataclass(frozen=True)
class Checked:
    """A file with what was found in it; `effects` are known of a file without errors only."""

    upload: Upload
    findings: list[Finding]
    effects: list[Effect]

    @property
    def has_errors(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


def read_uploads(asking: Request, deployed: Iterable[DefinitionRow]) -> list[Upload]:
    """The files of a request, one for each path: those checked before and not removed, then those just chosen.

    Raises BadRequest for fields that no page of ours sends.
    """
    paths, contents = asking.form.getlist("path"), asking.form.getlist("content")
    try:
        kept = [
            Upload(path.strip(), b64decode(text, validate=True)) for path, text in zip(paths, contents, strict=True)
        ]
    except (ValueError, binascii.Error):
        raise BadRequest from None
    removed = asking.form.get("remove")
    files = {upload.path: upload for number, upload in enumerate(kept) if str(number) != removed}
    chosen = [file for file in asking.files.getlist("files") if file.filename]
    names = [PureWindowsPath(file.filename or "").name for file in chosen]
    for name, file in zip(names, chosen, strict=True):
        path = suggest_path(name, names, deployed)
        with closing(file):  # what is large lies in a temporary file
            content = file.read()
        drawn = complete_file(path, content)
        files[path] = Upload(path, drawn, is_drawn=drawn != content)
    return list(files.values())


def suggest_path(name: str, names: Sequence[str], deployed: Iterable[DefinitionRow]) -> str:
    """Where a file belongs, by its name: a form goes where it lies already, else everything goes with the diagram."""
    pure = PurePosixPath(name)
    folder = next((PurePosixPath(one).stem for one in names if one.endswith(".bpmn")), SHARED)
    if pure.suffix == ".form":
        known = [row.key for row in deployed if row.kind == FORM and PurePosixPath(row.key).name == pure.stem]
        wanted = f"{folder}/{pure.stem}"
        return f"forms/{wanted if wanted in known or not known else known[0]}.form"
    return f"bpmn/{SHARED if pure.suffix == '.json' else folder}/{name}"


def list_checked(
    uploads: Iterable[Upload], findings: Iterable[Finding], deployed: Iterable[DefinitionRow]
) -> list[Checked]:
    """Each file with its own findings and what it would change."""
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.file, []).append(finding)
    newest = {(row.kind, row.key): row for row in deployed}
    checked = []
    for upload in uploads:
        found = Checked(upload, by_file.get(upload.path, []), [])
        if not found.has_errors:
            found.effects.extend(_list_effects(upload, newest))
        checked.append(found)
    return checked


def _list_effects(upload: Upload, newest: dict[tuple[str, str], DefinitionRow]) -> list[Effect]:
    effects = []
    for candidate in read_candidates(upload.path, upload.content):
        before = newest.get((candidate.kind, candidate.key))
        is_same = before is not None and before.sha256 == candidate.sha256
        effects.append(Effect(candidate.kind, candidate.key, before, is_same))
    return effects
