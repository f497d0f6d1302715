"""What any test leaves behind can be played again: nothing that decides is missing from the history."""

from sqlalchemy import select

from engine.runtime.engine import Engine
from engine.runtime.replay import Replay, Target, read_cases, replay
from engine.storage.tables import instance


def replay_everything(engine: Engine) -> list[Replay]:
    """Every case of a database on its own versions."""
    target = Target(engine)
    with engine.database.read() as connection:
        ids = connection.execute(select(instance.c.id)).scalars().all()
        cases = read_cases(connection, ids)
    return [replay(case, target, engine.replay_sandbox) for case in cases]


def check_replays(engine: Engine) -> None:
    """Every case, played again, is the same."""
    assert [one for one in replay_everything(engine) if not one.is_same] == []
