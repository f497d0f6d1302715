"""How far a case has come, for those who take part in it: steps without data, and where it stands."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select

from engine.language.model import Element
from engine.queries.keyframes import Past
from engine.queries.marks import mark_elements
from engine.queries.story import Chapter, Story
from engine.queries.versions import tell_case
from engine.records.access import TAKES_PART, describe_actor
from engine.records.history import LAST, ask_short
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from engine.storage.frozen import frozen
from engine.storage.prepared import Prepared
from engine.storage.tables import instance, instance_party, party, submission

Names = dict[tuple[str, str], tuple[str, str]]
TOLD = frozenset({"userTask", "startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent"})

_FIND = Prepared(
    select(instance.c.id, instance.c.process_key, instance.c.definition_id, instance.c.history_seq).where(
        instance.c.id == bindparam("instance_id"), TAKES_PART
    )
)
# The parties of a case by who acted for them, in which role: what an organisation's member did, it did.
_NAMES = Prepared(
    select(submission.c.actor_id, submission.c.acting_role, party.c.name_zh, party.c.name_en)
    .join(party, party.c.id == submission.c.party_id)
    .join(
        instance_party,
        and_(instance_party.c.party_id == party.c.id, instance_party.c.instance_id == submission.c.instance_id),
    )
    .where(submission.c.instance_id == bindparam("instance_id"))
    .distinct()
)


@frozen
class Step:
    """Something that happened, in the words of the diagram. `by_zh`, `by_en` name the party it was done for, if one may
    know.
    """

    at: datetime
    element: Element
    kind: str
    acting_role: str
    by_zh: str
    by_en: str


@frozen
class Progress:
    """`marks` say how each element of the case's own diagram is to be drawn: done, now, err.

    Unless it `is_whole`, of the steps only the newest are there.
    """

    instance_id: str
    definition_id: str
    process_key: str
    marks: dict[str, str]
    steps: list[Step]
    waits_for: list[Element]
    is_whole: bool


def fetch_progress(engine: Engine, actor: Actor, instance_id: str) -> Progress:
    """The progress of a case the actor is a party to, or has a task in. Raises NotFound, for a stranger as well."""
    with engine.database.read() as connection:
        return ask_progress(engine, connection, actor, instance_id)()


def ask_progress(
    engine: Engine, connection: Connection, actor: Actor, instance_id: str, newest: int = LAST
) -> Callable[[], Progress]:
    """The same, to be called for when other questions were asked as well; it is then that it raises NotFound. With the
    steps of so many newest records.
    """
    asked = _FIND.ask(connection, describe_actor(actor) | {"instance_id": instance_id})
    asked_names = _NAMES.ask(connection, {"instance_id": instance_id})
    find_rows = ask_short(connection, instance_id, newest)

    def read() -> Progress:
        case = asked.first()
        if case is None:
            raise NotFound("case", instance_id)
        names: Names = {(row.actor_id, row.acting_role): (row.name_zh, row.name_en) for row in asked_names.all()}
        is_whole = case.history_seq <= newest
        if is_whole:
            story = tell_case(engine, connection, case.process_key, find_rows())
        else:
            story = _tell_newest(engine, connection, case, newest)
        return _sum_up(case, story, names, engine.catalogue.frames(connection, case.definition_id), is_whole=is_whole)

    return read


def _sum_up(case: Any, story: Story, names: Names, frames: frozenset[str], *, is_whole: bool) -> Progress:
    marks = mark_elements(story, case.process_key, frames)
    waits_for = [token.element for token in story.tokens if token.element.kind == "userTask"]
    steps = [step for chapter in story.chapters for step in _steps(chapter, names)]
    return Progress(case.id, case.definition_id, case.process_key, marks, steps, waits_for, is_whole)


def _tell_newest(engine: Engine, connection: Connection, case: Any, newest: int) -> Story:
    """However long the case is: what came before is in its keyframes."""
    last = case.history_seq
    return Past(engine, connection, case.id, case.process_key).tell(last, range(last - newest + 1, last + 1))


def _steps(chapter: Chapter, names: Names) -> list[Step]:
    """Parties are named to each other; the platform's people appear by their role only."""
    by_zh, by_en = names.get((chapter.actor_id, chapter.acting_role), ("", ""))
    return [
        Step(chapter.at, entry.element, entry.element.kind, chapter.acting_role, by_zh, by_en)
        for entry in chapter.entries
        if entry.kind == "completed" and entry.element is not None and entry.element.kind in TOLD
    ]
