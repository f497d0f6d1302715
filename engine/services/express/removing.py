"""An enterprise takes a line off a list that it still drafts: the row goes, and what it said of its person with it."""

from sqlalchemy import delete

from engine.runtime.engine import Engine
from engine.services.express.errors import LineChanged, ListClosed
from engine.services.express.queries import fetch_own
from engine.services.express.tables import express_line
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork


def remove_line(engine: Engine, actor: Actor, task_id: str, line_id: str, version: int) -> None:
    """Removes it; a line that is gone already is no fault. Raises NotFound, ListClosed, LineChanged."""

    def work(unit: UnitOfWork) -> None:
        task = fetch_own(unit.connection, actor, task_id)
        if not task["is_drafted"]:
            raise ListClosed(task_id)
        mine = (express_line.c.id == line_id, express_line.c.list_id == task["list_id"])
        row = unit.connection.execute(express_line.select().where(*mine)).mappings().one_or_none()
        if row is None:
            return
        if unit.connection.execute(delete(express_line).where(*mine, express_line.c.version == version)).rowcount != 1:
            raise LineChanged(version, row["version"])
        vault.erase_subject(unit.connection, line_id)

    engine.database.transact(work)
