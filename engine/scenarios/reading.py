"""Reads scenario files strictly: whatever a file names must exist, or the error says in which line it does not."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.scenarios.definitions import Definitions
from engine.scenarios.expectations import EXPECTED, read_expectation
from engine.scenarios.model import Role, Scenario, Start, TableCase
from engine.scenarios.naming import Reader
from engine.scenarios.parts import Part, ScenarioInvalid, read_yaml
from engine.scenarios.steps import read_form, read_given, read_steps
from engine.services.identity.people import ORGANISATION, PERSON, ROLES
from engine.storage.actor import PLATFORM
from engine.storage.plain import PlainDict

FOLDER = "scenarios"
SUFFIX = ".yaml"
EXCEPTIONS, FORMS = f"exceptions{SUFFIX}", f"forms{SUFFIX}"  # beside scenarios, none themselves
_COMMON = ("name",)
_OF_PROCESS = ("beside", "continues", "at", "policy", "people", "given", "start", "steps", *EXPECTED)


def find_scenarios(paths: Iterable[Path]) -> list[Path]:
    """The scenario files at these paths: each file, and below each folder whatever lies in a folder `scenarios`."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
        found |= dict.fromkeys(
            one for one in inside if one == path or (one.name not in (EXCEPTIONS, FORMS) and one.parent.name == FOLDER)
        )
    return list(found)


def read_scenarios(paths: Iterable[Path], definitions: Definitions, zone: ZoneInfo, root: Path) -> list[Scenario]:
    """Every scenario of these files, in their order; what they continue is read as well. Raises ScenarioInvalid."""
    library = Library(definitions, zone, root)
    return [library.read(path) for path in paths]


def read_exceptions(path: Path, root: Path) -> dict[str, str]:
    """Why parts are left out of the coverage, by `<process or table>/<id>`. Raises ScenarioInvalid."""
    part = read_yaml(_name(path, root), path.read_text(encoding="utf-8"))
    return {name: reason.text() for name, reason in part.entries().items()}


class Library:
    """The scenarios read so far."""

    def __init__(self, definitions: Definitions, zone: ZoneInfo, root: Path) -> None:
        self.definitions, self.zone, self.root = definitions, zone, root
        self._read: dict[Path, Scenario | None] = {}
        self._forms: dict[Path, dict[str, Part]] = {}

    def read(self, path: Path) -> Scenario:
        """The scenario in a file. Raises ScenarioInvalid."""
        path = path.resolve()
        known = self._read.get(path)
        if known is not None:
            return known
        name = _name(path, self.root)
        if path in self._read:
            raise ScenarioInvalid(name, 1, "continues", "Expected scenarios that begin somewhere, but they go round")
        self._read[path] = None
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ScenarioInvalid(name, 1, "", f"Expected a file to read, but {error}") from None
        scenario = self._read_scenario(path, read_yaml(name, text))
        self._read[path] = scenario
        return scenario

    def _read_scenario(self, path: Path, part: Part) -> Scenario:
        keys = part.entries()
        if "table" in keys:
            return self._read_table(path, part)
        if "continues" in keys:
            fields = part.fields(*_COMMON, "continues", optional=_OF_PROCESS)
            return self._read_process(path, part, fields, self._find_beginning(path, fields))
        return self._read_process(path, part, part.fields(*_COMMON, "process", "start", optional=_OF_PROCESS), None)

    def _find_beginning(self, path: Path, fields: dict[str, Part]) -> Scenario:
        part = fields["continues"]
        beginning = path.parent / f"{part.text()}{SUFFIX}"
        if not beginning.is_file():
            raise part.error(f"Expected a scenario beside this one, but there is no {beginning.name}")
        for name in ("at", "beside", "policy", "start", "given"):
            if name in fields:
                raise fields[name].error(f"Expected {name} only where the case begins, in {beginning.name}")
        return self.read(beginning)

    def _read_process(self, path: Path, part: Part, fields: dict[str, Part], beginning: Scenario | None) -> Scenario:
        process = beginning.process if beginning else fields["process"].text()
        if process not in self.definitions.processes:
            raise fields["process"].error(f"Expected a process, but there is no {process}")
        roles = dict(beginning.roles) if beginning else {}
        if "people" in fields:
            roles |= _read_people(fields["people"], roles)
        beside = beginning.beside if beginning else self._read_beside(fields)
        reader = Reader(self.definitions, process, roles, self._read_forms(path.parent), beside)
        zh, en = _read_names(fields["name"])
        ending = {name: one for name, one in fields.items() if name in EXPECTED}
        expectation = read_expectation(part, ending, reader)
        if expectation.outcome is None and expectation.open is None:
            raise part.error("Expected outcome, or what is open at the end, but neither is said")
        return Scenario(
            key=_name(path.with_suffix(""), self.root),
            place=reader.place(part),
            name_zh=zh,
            name_en=en,
            process=process,
            continues=beginning,
            at=self._read_instant(fields["at"]) if "at" in fields else None,
            policy=self._read_policy(fields["policy"]) if "policy" in fields else {},
            roles=roles,
            given=tuple(read_given(fields["given"], reader)) if "given" in fields else (),
            start=_read_start(fields["start"], reader) if "start" in fields else None,
            steps=tuple(read_steps(fields["steps"], reader)) if "steps" in fields else (),
            expectation=expectation,
            beside=beside,
        )

    def _read_beside(self, fields: dict[str, Part]) -> tuple[str, ...]:
        """The processes that take part beside the one under test."""
        items = fields["beside"].items() if "beside" in fields else []
        for item in items:
            if item.text() not in self.definitions.processes:
                raise item.error(f"Expected a process, but there is no {item.text()}")
        return tuple(item.text() for item in items)

    def _read_forms(self, folder: Path) -> dict[str, Part]:
        if folder not in self._forms:
            file = folder / FORMS
            is_there = file.is_file()
            text = file.read_text(encoding="utf-8") if is_there else ""
            self._forms[folder] = read_yaml(_name(file, self.root), text).entries() if is_there else {}
        return self._forms[folder]

    def _read_table(self, path: Path, part: Part) -> Scenario:
        fields = part.fields(*_COMMON, "table", "cases")
        table = self.definitions.tables.get(fields["table"].text())
        if table is None:
            raise fields["table"].error(f"Expected a decision table, but there is no {fields['table'].text()}")
        reader = Reader(self.definitions, "", {}, {})
        rules = {rule.id for rule in table.rules}
        cases = []
        for item in fields["cases"].items():
            case = item.fields("given", "gives", optional=("row",))
            rows = case["row"].texts() if "row" in case else None
            for row in rows or ():
                if row not in rules:
                    raise case["row"].error(f"Expected a row of {table.key}, but {row!r} is none")
            given = case["given"].plain_dict()
            for name in sorted(table.names - given.keys()):
                raise case["given"].error(f"Expected {name}, which the table reads, but it is missing")
            cases.append(
                TableCase(reader.place(item), given, case["gives"].plain(), None if rows is None else tuple(rows))
            )
        zh, en = _read_names(fields["name"])
        key = _name(path.with_suffix(""), self.root)
        return Scenario(key, reader.place(part), zh, en, table=table.key, cases=tuple(cases))

    def _read_instant(self, part: Part) -> datetime:
        try:
            at = datetime.fromisoformat(part.text())
        except ValueError:
            raise part.error(f"Expected a date and time such as 2026-11-23T10:00, but got {part.text()!r}") from None
        return at if at.tzinfo else at.replace(tzinfo=self.zone)

    def _read_policy(self, part: Part) -> PlainDict:
        for name, value in part.entries().items():
            if name not in self.definitions.policy:
                raise value.error("Expected a key of the policy, but this is none")
        return part.plain_dict()


def _read_names(part: Part) -> tuple[str, str]:
    fields = part.fields("zh", "en")
    return fields["zh"].text(), fields["en"].text()


def _read_people(part: Part, known: dict[str, Role]) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for name, one in part.entries().items():
        if name in known:
            raise one.error("Expected each person once, but he takes part already")
        roles[name] = _read_role(name, one)
    organisations = {role.name for role in (*known.values(), *roles.values()) if role.kind == ORGANISATION}
    for name, role in roles.items():
        if role.works_for not in {None, PLATFORM, *organisations}:
            raise part.entries()[name].error(f"Expected an organisation that takes part, but got {role.works_for!r}")
    return roles


def _read_role(name: str, part: Part) -> Role:
    """person, organisation or a role at the platform in one word; else with what he has."""
    fields = {"as": part} if not part.is_mapping else part.fields("as", optional=("of", "skills", "wallet"))
    acts_as = fields["as"].text()
    kind = ROLES.get(acts_as)
    if acts_as not in (PERSON, ORGANISATION) and kind is None:
        raise fields["as"].error(f"Expected person, organisation or a role, but got {acts_as!r}")
    works_for = fields["of"].text() if "of" in fields else PLATFORM if kind == PLATFORM else None
    if (kind == ORGANISATION) != (works_for not in (None, PLATFORM)):
        raise fields["as"].error("Expected `of` with roles in an organisation, and with no others")
    return Role(
        name=name,
        kind=ORGANISATION if acts_as == ORGANISATION else PERSON,
        works_for=works_for,
        acts_as="individual" if acts_as in (PERSON, ORGANISATION) else acts_as,
        skills=frozenset(fields["skills"].texts()) if "skills" in fields else frozenset(),
        wallet_fen=fields["wallet"].fen() if "wallet" in fields else 0,
    )


def _read_start(part: Part, reader: Reader) -> Start:
    fields = part.fields(optional=("by", "command", "form", "values"))
    if sum(name in fields for name in ("command", "form", "values")) > 1:
        raise part.error("Expected one of command, form and values, but there are several")
    by = reader.actor(fields["by"]) if "by" in fields else None
    command = reader.command(fields["command"]) if "command" in fields else None
    if by is None and (command or "form" in fields):
        raise part.error("Expected by, who does it")
    form = None
    if "form" in fields:
        start = reader.start_event(part)
        form = read_form(fields["form"], reader.form_of(start), reader)
    values = fields["values"].plain_dict() if "values" in fields else {}
    return Start(reader.place(part), by, command, form, values)


def _name(path: Path, root: Path) -> str:
    """A path as people write it: below the root where it lies there."""
    absolute = path.resolve()
    return str(absolute.relative_to(root)) if absolute.is_relative_to(root) else str(path)
