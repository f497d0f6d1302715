"""Submission keys: a request that changes something is answered once, however often it is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, and_, bindparam, insert, or_, select

from engine.storage.actor import Actor
from engine.storage.digests import digest_hex
from engine.storage.frozen import frozen
from engine.storage.keys import KeyRing
from engine.storage.migrating import former_element
from engine.storage.plain import Plain, PlainDict
from engine.storage.prepared import Prepared
from engine.storage.seal import seal_row
from engine.storage.tables import submission

_INSERT = Prepared(insert(submission))
_FIND = Prepared(
    select(
        submission.c.actor_id, submission.c.party_id, submission.c.digest, submission.c.result, submission.c.instance_id
    ).where(submission.c.scope == bindparam("scope_"), submission.c.token == bindparam("token_"))
)
_FORMER = select(former_element.c.former).where(
    former_element.c.instance_id == bindparam("instance_id_"), former_element.c.element == bindparam("element_")
)
# What was sent at an element of an instance, under whatever name the element had then.
IS_OF_ELEMENT = and_(
    submission.c.instance_id == bindparam("instance_id_"),
    or_(submission.c.element == bindparam("element_"), submission.c.element.in_(_FORMER)),
)
_LAST_OF_ELEMENT = (
    select(submission.c.content)
    .where(IS_OF_ELEMENT)
    .order_by(submission.c.submitted_at.desc(), submission.c.scope.desc())
    .limit(1)
)


@frozen
class SubmissionKey:
    """What is being done (`task:<id>`, `take:<order>` …), the token its form carried, and the content as sent."""

    scope: str
    token: str
    digest: str

    @staticmethod
    def of(scope: str, token: str, content: Mapping[str, Plain]) -> "SubmissionKey":
        """The key of a request with this content."""
        return SubmissionKey(scope, token, digest_content(content))


@dataclass(frozen=True)
class Answer:
    """What was answered before, about which case. `is_same`: by the same person, to the same content."""

    is_same: bool
    result: Plain
    instance_id: str | None


def digest_content(content: Mapping[str, Plain]) -> str:
    """SHA-256 of what was sent, whatever the order of its fields."""
    return digest_hex(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))


def find_answer(connection: Connection, key: SubmissionKey, actor: Actor) -> Answer | None:
    """The answer recorded under a key; none if it was never used."""
    return ask_answer(connection, key, actor)()


def ask_answer(connection: Connection, key: SubmissionKey, actor: Actor) -> Callable[[], Answer | None]:
    """The same, to be called for when other questions were asked as well."""
    asked = _FIND.ask(connection, {"scope_": key.scope, "token_": key.token})

    def read() -> Answer | None:
        row = asked.first()
        if row is None:
            return None
        is_same = row.actor_id == actor.user_id and row.party_id == actor.party_id and row.digest == key.digest
        return Answer(is_same, row.result, row.instance_id)

    return read


def record_submission(
    connection: Connection,
    keys: KeyRing,
    key: SubmissionKey,
    actor: Actor,
    at: datetime,
    *,
    instance_id: str | None,
    element: str | None,
    form_id: str | None,
    content: PlainDict,
    result: Plain,
) -> PlainDict:
    """Writes a request and its answer down; gives what history says of it: its key, and the seal of its row."""
    row = {
        "scope": key.scope,
        "token": key.token,
        "instance_id": instance_id,
        "element": element,
        "form_id": form_id,
        "actor_id": actor.user_id,
        "acting_role": actor.role,
        "party_id": actor.party_id,
        "digest": key.digest,
        "content": content,
        "result": result,
        "submitted_at": at,
    }
    seal = seal_row(keys.mac, "submission", row)
    _INSERT.send(connection, row)
    return {"scope": key.scope, "token": key.token, "seal": seal.hex()}


def last_content(connection: Connection, instance_id: str, element: str) -> PlainDict:
    """The content last submitted at an element of an instance; empty if none was."""
    values = {"instance_id_": instance_id, "element_": element}
    content = connection.execute(_LAST_OF_ELEMENT, values).scalar_one_or_none()
    return content if isinstance(content, dict) else {}
