"""What people say about a case to each other. It is no part of the process and leaves no history."""

from sqlalchemy import insert, select

from engine.definitions.forms.typed import InputRefused, clean_text
from engine.language.errors import EngineError
from engine.runtime.engine import Engine
from engine.runtime.errors import SubmissionConflict
from engine.runtime.tasks import find_task
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.changes import case_topic
from engine.storage.database import UnitOfWork
from engine.storage.tables import comment

MAX_LENGTH = 2000
_AUTHOR = select(comment.c.author_id)


class CommentInvalid(EngineError):
    """Not a text of 1 to MAX_LENGTH characters, or one with characters that a text does not hold."""

    def __init__(self, length: int) -> None:
        super().__init__(
            f"Expected 1 to {MAX_LENGTH} plain characters, but there are {length}", length=length, max_length=MAX_LENGTH
        )


def add_comment(engine: Engine, actor: Actor, task_id: str, token: str, text: str) -> None:
    """Says something about the case of an open task. A repeated token writes nothing more.

    Raises NotFound for a stranger as well, CommentInvalid, SubmissionConflict for a token of somebody else.
    """
    try:
        cleaned = clean_text(text, has_lines=True)
    except InputRefused as refused:
        raise CommentInvalid(len(text)) from refused
    if not 0 < len(cleaned) <= MAX_LENGTH:
        raise CommentInvalid(len(cleaned))

    def work(unit: UnitOfWork) -> None:
        row = find_task(unit.connection, actor, task_id)
        known = unit.connection.execute(_AUTHOR.where(comment.c.id == token)).scalar_one_or_none()
        if known == actor.user_id:
            return
        if known is not None:
            raise SubmissionConflict(f"comment:{token}")
        values = {
            "id": token,
            "instance_id": row.instance_id,
            "element": row.element,
            "author_id": actor.user_id,
            "party_id": actor.party_id,
            "acting_role": actor.role,
            "text": vault.put(unit.connection, engine.keys, actor.user_id, cleaned),
            "written_at": unit.now,
        }
        unit.connection.execute(insert(comment), values)
        unit.after_commit.append(lambda: engine.changes.publish([case_topic(row.instance_id)]))

    engine.database.transact(work)
