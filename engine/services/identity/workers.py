"""Programs outside that work on external tasks, each known by a token of its own. Every change is an event of the
stream `system:identity`; of a token only a hash is kept.
"""

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from engine.commands.external import RequestUnfit, Worker
from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.identity.people import STREAM
from engine.storage.actor import EXTERNAL_WORKER, PLATFORM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.outside import worker_token
from engine.storage.plain import PlainDict

PREFIX = "baton_"  # so that a token is known for what it is wherever it turns up
SECRET_BYTES = 32
MAX_NAME_CHARACTERS = 80
MAX_TOPICS = 50
USED_INTERVAL = timedelta(minutes=1)  # how stale `used_at` may be
_TOPIC = re.compile(r"\w[\w.\-]{0,119}")


@dataclass(frozen=True)
class WorkerToken:
    """A token without its secret."""

    id: str
    name: str
    topics: list[str]
    created_by: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def create_token(engine: Engine, actor: Actor, name: str, topics: Collection[str]) -> tuple[str, str]:
    """A new token for these topics; gives its id and the secret, which nobody can read again. Raises RequestUnfit."""
    name, wanted = name.strip(), sorted(set(topics))
    if not name or len(name) > MAX_NAME_CHARACTERS:
        raise RequestUnfit("name", f"Expected a name of at most {MAX_NAME_CHARACTERS} characters")
    if not wanted or len(wanted) > MAX_TOPICS:
        raise RequestUnfit("topics", f"Expected 1 to {MAX_TOPICS} topics, but got {len(wanted)}")
    if wrong := [topic for topic in wanted if not _TOPIC.fullmatch(topic)]:
        raise RequestUnfit("topics", f"Expected names of topics, but got {wrong[0]!r}")
    token_id, secret = new_id(), PREFIX + secrets.token_urlsafe(SECRET_BYTES)

    def work(unit: UnitOfWork) -> None:
        row = {"id": token_id, "name": name, "digest": _digest(secret), "topics": wanted, "created_by": actor.user_id}
        never = {"used_at": None, "revoked_at": None}
        unit.connection.execute(insert(worker_token), row | never | {"created_at": unit.now})
        facts: PlainDict = {"token": token_id, "topics": [*wanted]}
        append_system(unit, engine.keys, STREAM, actor, "worker_token_created", facts)

    engine.database.transact(work)
    return token_id, secret


def revoke_token(engine: Engine, actor: Actor, token_id: str) -> None:
    """Ends a token at once, once; what its worker has locked comes free as the locks end. Raises NotFound."""
    is_this = worker_token.c.id == token_id

    def work(unit: UnitOfWork) -> None:
        row = unit.connection.execute(select(worker_token.c.revoked_at).where(is_this)).one_or_none()
        if row is None:
            raise NotFound("token", token_id)
        if row.revoked_at is not None:
            return
        unit.connection.execute(update(worker_token).where(is_this).values(revoked_at=unit.now))
        append_system(unit, engine.keys, STREAM, actor, "worker_token_revoked", {"token": token_id})

    engine.database.transact(work)


def find_worker(engine: Engine, secret: str) -> Worker | None:
    """The worker behind a token; none for one that is unknown or revoked."""
    query = select(worker_token).where(worker_token.c.digest == _digest(secret), worker_token.c.revoked_at.is_(None))
    with engine.database.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    _note_use(engine, row.id, row.used_at)
    return Worker(Actor(row.id, PLATFORM, EXTERNAL_WORKER), frozenset(row.topics))


def list_tokens(connection: Connection) -> list[WorkerToken]:
    """Every token, those that work first, the newest of these first."""
    rows = connection.execute(select(worker_token).order_by(worker_token.c.id.desc()))
    tokens = [WorkerToken(r.id, r.name, r.topics, r.created_by, r.created_at, r.used_at, r.revoked_at) for r in rows]
    return sorted(tokens, key=lambda token: token.revoked_at is not None)


def _note_use(engine: Engine, token_id: str, used_at: datetime | None) -> None:
    now = engine.clock()
    if used_at is None or now - used_at >= USED_INTERVAL:
        noted = update(worker_token).where(worker_token.c.id == token_id).values(used_at=now)
        engine.database.transact(lambda unit: unit.connection.execute(noted))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
