"""Express tasks as scenarios play them: lists of people, links that are followed, lines that are left out."""

import csv
import io
from collections.abc import Sequence

from sqlalchemy import select

from engine.queries.inbox import list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.runtime.tasks import fetch_task
from engine.services.express.commands import accept_invitation
from engine.services.express.importing import import_list
from engine.services.express.links import prove_line
from engine.services.express.reviewing import UNDERTAKER, exclude_line
from engine.services.express.tables import express_line, express_task
from engine.storage.actor import Actor

HEADING = ("姓名", "证件号码", "手机号", "报酬")


def import_express_list(engine: Engine, actor: Actor, task_id: str, token: str, lines: Sequence[Sequence[str]]) -> int:
    """The enterprise imports its list: of each person name, number, phone and pay in yuan."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADING, *lines])
    return import_list(engine, actor, task_id, token, text.getvalue().encode())


def follow_link(engine: Engine, actor: Actor, number: int) -> str:
    """The actor opens the link that was sent to the person of a line."""
    line_id, version = _find_line(engine, number)
    return accept_invitation(engine, actor, line_id, prove_line(engine.keys, line_id, version))


def leave_out_line(engine: Engine, actor: Actor, number: int, reason: str) -> None:
    """The reviewer of the list leaves a line out."""
    line_id, _ = _find_line(engine, number)
    tasks = [fetch_task(engine, actor, row.id) for row in list_tasks(engine, actor, limit=MAX_LIMIT).rows]
    of_list = next(one for one in tasks if one.data.get("subject_type") == UNDERTAKER)
    exclude_line(engine, actor, of_list.id, line_id, reason)


def _find_line(engine: Engine, number: int) -> tuple[str, int]:
    of_list = select(express_line.c.id, express_line.c.version).join(
        express_task, express_task.c.list_id == express_line.c.list_id
    )
    with engine.database.read() as connection:
        row = connection.execute(of_list.where(express_line.c.number == number)).one()
    return str(row.id), int(row.version)
