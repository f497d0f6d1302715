"""Deploying: files become immutable definitions, checked first, a new version only where the content is new."""

import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

import orjson
from sqlalchemy import Connection, insert, select

from engine.commands.triggers import replace_starts
from engine.definitions.agreements import SUFFIX, AgreementInvalid, parse_agreement
from engine.definitions.calendars import CalendarInvalid, parse_calendar
from engine.definitions.catalogue import (
    AGREEMENT,
    CALENDAR,
    CALENDAR_KEY,
    DECISION,
    FORM,
    POLICY,
    POLICY_KEY,
    PROCESS,
    find_version,
    path_of,
)
from engine.definitions.findings import Finding
from engine.definitions.lint import lint_files
from engine.definitions.lint.calls import VERSION_UNKNOWN
from engine.definitions.lint.project import form_key_of
from engine.definitions.registry import MEMBER_ROLES, RELATIONS, TOPICS
from engine.language.decisions import DecisionInvalid, parse_decisions
from engine.language.errors import EngineError
from engine.language.model import read_diagram
from engine.language.versions import split_version
from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from engine.storage.seal import seal_row
from engine.storage.tables import definition, deployment

STREAM = "system:deployments"
LOOKS_KEPT = 64
_looks: dict[Hashable, tuple[Finding, ...]] = {}


class DefinitionInvalid(EngineError):
    """The files may not run as they are; `findings` say where and why. Nothing was deployed."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"Expected definitions that can run, but there are {len(findings)} findings")
        self.findings = findings


@dataclass(frozen=True)
class Candidate:
    """A definition as a file describes it, not yet deployed."""

    kind: str
    key: str
    name_zh: str
    name_en: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The hash of the file."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Deployed:
    """A definition that got a new version."""

    id: str
    kind: str
    key: str
    version: int


@dataclass(frozen=True)
class DeploymentResult:
    """What a deployment changed; without any change there is no deployment and no id."""

    id: str | None
    definitions: list[Deployed]
    warnings: list[Finding]


def _nothing(_unit: UnitOfWork) -> None:
    return None


def deploy(
    engine: Engine,
    actor: Actor,
    files: Mapping[str, bytes],
    note: str = "",
    *,
    only_unknown: bool = False,
    also: Callable[[UnitOfWork], None] = _nothing,
) -> DeploymentResult:
    """Deploys `.bpmn`, `.dmn`, `.form`, `.agreement` files, `policy.json` and `calendar.json`, by their paths, all or
    none.

    `only_unknown` passes over content that any version had before: files that come with the product must not undo
    what an analyst has deployed since; where all of it is known, nothing is checked. `also` runs first in the same
    transaction. Raises DefinitionInvalid and whatever `also` raises.
    """
    if only_unknown and also is _nothing and _are_deployed(engine, files):
        return DeploymentResult(None, [], [])
    findings = check(engine, files)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise DefinitionInvalid(errors)
    candidates = [candidate for path, content in sorted(files.items()) for candidate in read_candidates(path, content)]

    def work(unit: UnitOfWork) -> DeploymentResult:
        also(unit)
        is_known = _was_deployed if only_unknown else _is_newest
        changed = [one for one in candidates if not is_known(unit.connection, one)]
        if not changed:
            return DeploymentResult(None, [], findings)
        deployment_id = new_id()
        unit.connection.execute(
            insert(deployment),
            {"id": deployment_id, "actor_id": actor.user_id, "note": note, "deployed_at": unit.now},
        )
        deployed = [_insert(engine, unit, deployment_id, candidate) for candidate in changed]
        for one in deployed:
            if one.kind == PROCESS:
                replace_starts(engine, unit, one.id, one.key)
        facts: PlainDict = {
            "deployment": deployment_id,
            "note": note,
            "definitions": [
                {"id": one.id, "kind": one.kind, "key": one.key, "version": one.version, "sha256": candidate.sha256}
                for one, candidate in zip(deployed, changed, strict=True)
            ],
        }
        append_system(unit, engine.keys, STREAM, actor, "deployed", facts)
        return DeploymentResult(deployment_id, deployed, findings)

    return engine.database.transact(work)


def check(
    engine: Engine, files: Mapping[str, bytes], beside: Mapping[str, bytes] = MappingProxyType({})
) -> list[Finding]:
    """What is wrong with files, seen together with everything deployed that they do not replace.

    `beside` are files that would be deployed with them; they stand for what they replace, and are not checked.
    """
    with engine.database.read() as connection:
        known = read_deployed(connection)
        unknown = list(_find_unknown_versions(connection, files))
    for path, content in (*beside.items(), *files.items()):
        for candidate in read_what_can_be_read(path, content):
            known.pop(path_of(candidate.kind, candidate.key), None)
    return [*_look(files, {**known, **beside}), *unknown]


def _look(files: Mapping[str, bytes], context: Mapping[str, bytes]) -> tuple[Finding, ...]:
    """What the rules find, which is kept: who deploys what he has just looked at does not wait for it once more."""
    services = (tuple(TOPICS.items()), frozenset(RELATIONS), frozenset(MEMBER_ROLES))
    name = (_hash_files(files), _hash_files(context), services)
    found = _looks.get(name)
    if found is None:
        found = tuple(lint_files(files, context=context))
        if len(_looks) >= LOOKS_KEPT:
            _looks.clear()
        _looks[name] = found
    return found


def _hash_files(files: Mapping[str, bytes]) -> str:
    named = hashlib.sha256()
    for path, content in sorted(files.items()):
        named.update(f"{path} {len(content)} ".encode(errors="surrogatepass"))
        named.update(content)
    return named.hexdigest()


def _find_unknown_versions(connection: Connection, files: Mapping[str, bytes]) -> Iterator[Finding]:
    for path, content in sorted(files.items()):
        is_process = any(candidate.kind == PROCESS for candidate in read_what_can_be_read(path, content))
        for element in read_diagram(content).values() if is_process else ():
            key, version = split_version(element.called_element or "")
            if version is not None and find_version(connection, key, version) is None:
                yield VERSION_UNKNOWN.find_at(path, element.id, key=key, version=version)


def _are_deployed(engine: Engine, files: Mapping[str, bytes]) -> bool:
    """Whether each of these files was deployed before as it is; told by names and hashes, without reading any."""
    columns = definition.c.kind, definition.c.key, definition.c.sha256
    with engine.database.read() as connection:
        known = {(kind, key, sha256) for kind, key, sha256 in connection.execute(select(*columns))}
    named_inside = {sha256 for kind, _, sha256 in known if kind in (PROCESS, DECISION)}

    def is_known(path: str, content: bytes) -> bool:
        name, sha256 = _name_by_path(path), hashlib.sha256(content).hexdigest()
        return sha256 in named_inside if name is None else (*name, sha256) in known

    return all(is_known(path, content) for path, content in files.items())


def _name_by_path(path: str) -> tuple[str, str] | None:
    """Kind and key of what a file holds; none where the file says so inside."""
    pure = PurePosixPath(path)
    if pure.suffix == ".form":
        return FORM, form_key_of(path)
    if pure.suffix == SUFFIX:
        return AGREEMENT, pure.stem
    return {"policy.json": (POLICY, POLICY_KEY), "calendar.json": (CALENDAR, CALENDAR_KEY)}.get(pure.name)


def read_candidates(path: str, content: bytes) -> Iterator[Candidate]:
    """The definitions in a file that passed the checks."""
    pure = PurePosixPath(path)
    if pure.suffix == ".bpmn":
        for element in read_diagram(content).values():
            if element.kind == "process":
                yield Candidate(PROCESS, element.id, element.name_zh, element.name_en, content)
    elif pure.suffix == ".dmn":
        for table in parse_decisions(content):
            yield Candidate(DECISION, table.key, table.name, table.name, content)
    elif pure.suffix == ".form":
        yield Candidate(FORM, form_key_of(path), pure.stem, pure.stem, content)
    elif pure.name == "policy.json":
        orjson.loads(content)
        yield Candidate(POLICY, POLICY_KEY, "规则", "Policy", content)
    elif pure.name == "calendar.json":
        parse_calendar(content)
        yield Candidate(CALENDAR, CALENDAR_KEY, "工作日历", "Working calendar", content)
    elif pure.suffix == SUFFIX:
        name = parse_agreement(content).name
        yield Candidate(AGREEMENT, pure.stem, name.zh, name.en, content)


def read_deployed(connection: Connection) -> dict[str, bytes]:
    """The newest content of everything deployed, by a path that tells its kind."""
    rows = connection.execute(
        select(definition.c.kind, definition.c.key, definition.c.content).order_by(definition.c.version)
    )
    return {path_of(kind, key): content for kind, key, content in rows if kind != POLICY}


def read_what_can_be_read(path: str, content: bytes) -> list[Candidate]:
    """The definitions in a file nobody has checked yet; none if it cannot be read, which a check would say."""
    try:
        return list(read_candidates(path, content))
    except (EngineError, DecisionInvalid, CalendarInvalid, AgreementInvalid, orjson.JSONDecodeError):
        return []


def _is_newest(connection: Connection, candidate: Candidate) -> bool:
    return _newest(connection, candidate)[1] == candidate.sha256


def _was_deployed(connection: Connection, candidate: Candidate) -> bool:
    query = select(definition.c.id).where(
        definition.c.kind == candidate.kind,
        definition.c.key == candidate.key,
        definition.c.sha256 == candidate.sha256,
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def _newest(connection: Connection, candidate: Candidate) -> tuple[int, str]:
    row = connection.execute(
        select(definition.c.version, definition.c.sha256)
        .where(definition.c.kind == candidate.kind, definition.c.key == candidate.key)
        .order_by(definition.c.version.desc())
        .limit(1)
    ).one_or_none()
    return (row.version, row.sha256) if row else (0, "")


def _insert(engine: Engine, unit: UnitOfWork, deployment_id: str, candidate: Candidate) -> Deployed:
    version = _newest(unit.connection, candidate)[0] + 1
    row = {
        "id": new_id(),
        "kind": candidate.kind,
        "key": candidate.key,
        "version": version,
        "name_zh": candidate.name_zh,
        "name_en": candidate.name_en,
        "content": candidate.content,
        "sha256": candidate.sha256,
        "deployment_id": deployment_id,
        "deployed_at": unit.now,
    }
    unit.connection.execute(insert(definition), row | {"seal": seal_row(engine.keys.mac, "definition", row)})
    return Deployed(str(row["id"]), candidate.kind, candidate.key, version)
