"""What stands beside a task: how far its case has come, what people said about it, and the files in it."""

from dataclasses import dataclass

from engine.queries.comments import Comment, ask_comments
from engine.queries.files import CaseFile, ask_files
from engine.queries.progress import Progress, find_case, read_progress
from engine.runtime.engine import Engine
from engine.storage.actor import Actor


@dataclass(frozen=True)
class Side:
    """Of one case, for one reader."""

    progress: Progress
    comments: list[Comment]
    files: list[CaseFile]


def fetch_side(engine: Engine, actor: Actor, instance_id: str, newest: int | None = None) -> Side:
    """Of a case the actor takes part in, which is asked once for all of it; of its history so many newest records.

    Raises NotFound, for a stranger as well.
    """
    with engine.database.read() as connection:
        case = find_case(connection, actor, instance_id)
        find_comments = ask_comments(engine, connection, actor, instance_id, has_texts=True)
        find_files = ask_files(connection, actor, instance_id)
        progress = read_progress(engine, connection, case, newest)
        return Side(progress, find_comments(), find_files())
