"""What stands beside a task: how far its case has come, what people said about it, and the files in it."""

from dataclasses import dataclass

from engine.queries.comments import Comment, ask_comments
from engine.queries.files import CaseFile, ask_files
from engine.queries.progress import Progress, ask_progress
from engine.records.history import LAST
from engine.runtime.engine import Engine
from engine.storage.actor import Actor


@dataclass(frozen=True)
class Side:
    """Of one case, for one reader."""

    progress: Progress
    comments: list[Comment]
    files: list[CaseFile]


def fetch_side(engine: Engine, actor: Actor, instance_id: str, newest: int = LAST) -> Side:
    """Of a case the actor takes part in, which is asked once for all of it; of its history so many newest records.

    Raises NotFound, for a stranger as well.
    """
    with engine.database.read() as connection:
        find_progress = ask_progress(engine, connection, actor, instance_id, newest)
        find_comments = ask_comments(engine, connection, actor, instance_id, has_texts=True)
        find_files = ask_files(connection, actor, instance_id)
        progress = find_progress()  # first: nobody else is told anything
        return Side(progress, find_comments(), find_files())
