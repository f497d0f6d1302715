"""The port through which codes reach people, and the embedded one that only shows them."""

from typing import Protocol

from sqlalchemy import Connection, insert, select

from engine.runtime.engine import Engine
from engine.services.one_time_codes.tables import code_outbox
from engine.storage import vault
from engine.storage.database import UnitOfWork
from engine.storage.keys import KeyRing

OUTBOX = "outbox"


class CodeSender(Protocol):
    """A way to a person's device."""

    def send(self, unit: UnitOfWork, keys: KeyRing, code_id: str, user_id: str, digits: str) -> None:
        """Sends the digits once the transaction is committed: what leaves the machine is a job."""


class EmbeddedOutbox:
    """Sends nothing: keeps the digits, sealed, so that the page which asked for them can show them and say so."""

    def send(self, unit: UnitOfWork, keys: KeyRing, code_id: str, user_id: str, digits: str) -> None:
        """See `CodeSender`."""
        sealed = vault.seal_text(unit.connection, keys, user_id, code_id, digits)
        unit.connection.execute(insert(code_outbox), {"code_id": code_id, "content": sealed})


def sender_of(engine: Engine) -> CodeSender:
    """The sender the settings name. Raises ValueError for an unknown one."""
    if engine.settings.codes == OUTBOX:
        return EmbeddedOutbox()
    raise ValueError(f"Expected a sender of codes we have, but the settings name {engine.settings.codes!r}")


def read_outbox(connection: Connection, keys: KeyRing, code_id: str) -> str | None:
    """The digits of a code that nothing was sent for; None where a sender has sent them, or the person is erased."""
    content = connection.execute(select(code_outbox.c.content).where(code_outbox.c.code_id == code_id)).scalar()
    return vault.open_sealed(connection, keys, content, code_id) if content else None
