"""The embedded channel: sends nothing, and shows operators what would have been sent. Signed links are left out."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select

from engine.services.notifications.channels.port import Message, Receipt
from engine.services.notifications.tables import outbox_message
from engine.storage.database import Database, UnitOfWork


@dataclass(frozen=True)
class OutboxChannel:
    """Keeps the messages of one channel as rows."""

    database: Database
    channel: str

    def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """See `Channel`."""

        def work(unit: UnitOfWork) -> None:
            ids = [message.id for message in messages]
            query = select(outbox_message.c.delivery_id).where(outbox_message.c.delivery_id.in_(ids))
            known = set(unit.connection.execute(query).scalars())
            rows = [
                {
                    "delivery_id": message.id,
                    "channel": self.channel,
                    "user_id": message.user_id,
                    "title": message.title,
                    "body": message.body,
                    "written_at": unit.now,
                }
                for message in messages
                if message.id not in known
            ]
            if rows:
                unit.connection.execute(insert(outbox_message), rows)

        self.database.transact(work)
        return [Receipt(message.id) for message in messages]
