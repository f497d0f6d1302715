"""To whom a user task is offered, and by when: what the diagram says, evaluated on the data of the task."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from engine.definitions.registry import RELATIONS
from engine.language.errors import EngineError
from engine.language.expressions import Literal, parse_literal_or_expression
from engine.language.model import Element
from engine.records.submissions import IS_OF_ELEMENT
from engine.records.worklist import OpenTask, name_member
from engine.storage.frozen import frozen
from engine.storage.plain import Plain
from engine.storage.tables import party, submission

DEFAULT_PRIORITY = 50
ACTOR, RELATION = "actor:", "relation:"  # what may stand in baton:exclude besides variables
_ACTORS_OF = select(submission.c.actor_id).where(IS_OF_ELEMENT)
_ORGANISATIONS = select(party.c.id).where(
    party.c.id.in_(bindparam("ids", expanding=True)), party.c.kind == "organisation"
)


class AssignmentInvalid(EngineError):
    """What the diagram says of a task does not name who may do it."""


@frozen
class Assigner:
    """What is needed to offer the tasks of one instance. `evaluate` runs an expression on data in the sandbox;
    `instant` turns an instant, a duration or a working time into an instant."""

    connection: Connection
    now: datetime
    instance_id: str
    evaluate: Callable[[str, Mapping[str, Plain]], Plain]
    instant: Callable[[str], datetime]

    def offer(self, task_id: str, definition_id: str, element: Element, data: Mapping[str, Plain]) -> OpenTask:
        """The task as the work list holds it. Raises AssignmentInvalid if nobody could ever do it."""
        parties = [*self._texts(element.assignee, data), *self._texts(element.candidate_users, data)]
        if element.relation:
            parties += self._relate(element.relation, data)
        groups = self._texts(element.candidate_groups, data)
        if not parties and not groups:
            raise AssignmentInvalid(f"Expected somebody who may do {element.id}, but its assignment names nobody")
        members = self._members(parties, self._texts(element.member_roles, data))
        skills = self._texts(element.skill, data)
        return OpenTask(
            id=task_id,
            definition_id=definition_id,
            element=element.id,
            assignee_id=None,
            parties=tuple(one for one in dict.fromkeys(parties) if one not in members),
            members=tuple(name_member(one, role) for one, roles in members.items() for role in roles),
            groups=tuple(groups),
            excluded=tuple(dict.fromkeys(self._excluded(element.exclude, data))),
            skill=skills[0] if skills else None,
            priority=int(next(iter(self._texts(element.priority, data)), DEFAULT_PRIORITY)),
            due_at=self._when(element.due_date, data),
            follow_up_at=self._when(element.follow_up, data),
        )

    def _texts(self, text: str | None, data: Mapping[str, Plain]) -> list[str]:
        """A literal, a comma list, or an expression that gives a text or a list of texts; nothing is nobody."""
        if not text:
            return []
        parsed = parse_literal_or_expression(text)
        if isinstance(parsed, Literal):
            return list(parsed.items)
        value = data[parsed.source] if parsed.source in data else self.evaluate(text, data)
        values = value if isinstance(value, list) else [value]
        return [str(one) for one in values if one is not None and one != ""]

    def _members(self, parties: list[str], roles: list[str]) -> dict[str, list[str]]:
        """Of the parties named the organisations, each with the roles of its members who may do the task; none where
        any member may. A person acts for himself, whatever roles are asked for."""
        if not roles:
            return {}
        organisations = self.connection.execute(_ORGANISATIONS, {"ids": parties}).scalars()
        return {one: [*dict.fromkeys(roles)] for one in organisations}

    def _relate(self, name: str, data: Mapping[str, Plain]) -> list[str]:
        if name not in RELATIONS:
            raise AssignmentInvalid(f"Expected a registered relation, but nobody registered {name!r}")
        return RELATIONS[name](_Relation(self.connection, self.now, self.instance_id, data))

    def _excluded(self, text: str | None, data: Mapping[str, Plain]) -> Iterable[str]:
        """Comma list of `actor:<element>` (whoever completed it), `relation:<name>` (whom a service names), and
        variables or `${…}` that hold party or user ids."""
        for part in (text or "").split(","):
            part = part.strip()
            if part.startswith(ACTOR):
                values = {"instance_id_": self.instance_id, "element_": part.removeprefix(ACTOR)}
                yield from self.connection.execute(_ACTORS_OF, values).scalars()
            elif part.startswith(RELATION):
                yield from self._relate(part.removeprefix(RELATION), data)
            elif part:
                yield from self._texts(part if part.startswith("${") else "${" + part + "}", data)

    def _when(self, text: str | None, data: Mapping[str, Plain]) -> datetime | None:
        found = self._texts(text, data)
        return self.instant(found[0]) if found else None


@dataclass(frozen=True)
class _Relation:
    connection: Connection
    now: datetime
    instance_id: str
    data: Mapping[str, Plain]
