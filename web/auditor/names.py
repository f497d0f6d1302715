"""Names of people, organisations and programs outside by their ids."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from engine.storage.actor import SYSTEM, party_behind
from engine.storage.outside import worker_token
from engine.storage.tables import party
from web.formatting import Formatter
from web.texts import text


class Names:
    """Names for one reader. An id nobody is registered under is shown as it is."""

    def __init__(self, connection: Connection, ids: Collection[str | None], fmt: Formatter) -> None:
        wanted = {party_behind(one) for one in ids if one}
        rows = connection.execute(
            select(party.c.id, party.c.name_zh, party.c.name_en).where(party.c.id.in_(sorted(wanted)))
        )
        self._names = {row.id: fmt.name(row.name_zh, row.name_en) for row in rows}
        if unknown := wanted - self._names.keys() - {SYSTEM.user_id}:
            programs = select(worker_token.c.id, worker_token.c.name).where(worker_token.c.id.in_(sorted(unknown)))
            self._names |= {row.id: row.name for row in connection.execute(programs)}

    def of(self, party_id: str) -> str:
        """The name of a party; the system has one as well."""
        return text("actor.system") if party_id == SYSTEM.user_id else self._names.get(party_behind(party_id), party_id)

    def knows(self, value: object) -> bool:
        """Whether a value is the id of somebody named here."""
        return isinstance(value, str) and party_behind(value) in self._names
