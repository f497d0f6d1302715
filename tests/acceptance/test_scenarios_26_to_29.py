"""The acceptance scenarios 26 to 29 of the specification: express tasks.

Their scenarios beside the diagrams are played on SQLite with all the others, so here on PostgreSQL alone. A thousand
lines are checked, mended and awarded in `tests/engine/services/express/test_lives.py`.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from engine.commands.tasks import complete_task
from engine.commands.work import settle
from engine.definitions.forms.fields import Typed
from engine.language.errors import EngineError
from engine.queries.inbox import list_tasks
from engine.runtime.errors import NotFound
from engine.services.express.commands import LinkNotMeant, accept_invitation, cancel_express_task
from engine.services.express.links import prove_line
from engine.services.express.tables import express_line
from engine.services.todos.tables import todo_item
from engine.services.work_tasks.errors import NotPossible
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from tests.acceptance.playing import Played
from tests.support.stage import Stage

ON_POSTGRES = pytest.mark.parametrize("any_stage", ["postgres"], indirect=True)
WANG = Actor("wang", "wang", "individual", frozenset({"individual"}))
ZHAO = Actor("zhao", "zhao", "individual", frozenset({"individual"}))
OLGA = Actor("olga", "acme", "enterprise_operator")
STRANGER = Actor("olga", "other", "enterprise_operator")


def express(stage: Stage, name: str) -> Played:
    """A scenario of the express task, played."""
    return Played(stage, name, "express_task")


@ON_POSTGRES
def test_26_lines_with_faults_are_left_out_and_the_rest_goes_on(any_stage: Stage) -> None:
    played = express(any_stage, "list_left_out")
    assert played.entries("P-ALLOCATE") == [20_000]
    assert played.balance("escrow:%") == 20_000


@ON_POSTGRES
def test_27_whoever_did_not_take_part_is_refunded_and_looked_into(any_stage: Stage) -> None:
    played = express(any_stage, "denied")
    assert (played.balance("wallet:acme"), played.balance("escrow:%")) == (200_000, 0)
    with played.engine.database.read() as connection:
        item = connection.execute(select(todo_item.c.state, todo_item.c.external_id)).one()
        line_id = connection.execute(select(express_line.c.id)).scalar_one()
    assert tuple(item) == ("active", line_id)


@ON_POSTGRES
def test_28_what_is_missing_is_asked_and_the_line_goes_on_by_itself(any_stage: Stage) -> None:
    assert express(any_stage, "repaired").balance("escrow:%") == 20_000


def test_28_a_double_click_on_two_phones_pays_once(any_stage: Stage) -> None:
    played, engine = express(any_stage, "signed"), any_stage.engine
    task_id = list_tasks(engine, WANG).rows[0].id
    one, other = new_id(), new_id()

    def confirm(token: str) -> None:
        try:
            complete_task(engine, WANG, task_id, token, Typed({"final_answer": ["yes"]}))
        except EngineError:
            assert token == other or played.entries("P-SETTLE")

    with ThreadPoolExecutor(4) as phones:
        list(phones.map(confirm, [one, one, other, other]))
    confirm(one)
    settle(engine)
    assert played.entries("P-SETTLE") == [20_000]
    assert (played.balance("wallet:acme"), played.balance("escrow:%")) == (180_000, 0)
    with engine.database.read() as connection:
        line = connection.execute(select(express_line.c.task_id)).one()
    with pytest.raises(NotPossible):  # it is settled
        cancel_express_task(engine, OLGA, line.task_id, new_id())
    played.check()


@ON_POSTGRES
def test_29_time_over_refunds_exactly_the_open_lines(any_stage: Stage) -> None:
    played = express(any_stage, "expired")
    assert (played.entries("P-SETTLE"), played.entries("P-RELEASE")) == ([20_000], [30_000])


def test_a_link_is_for_one_person_and_an_express_task_for_its_enterprise(any_stage: Stage) -> None:
    engine = express(any_stage, "invited").engine
    with engine.database.read() as connection:
        line = connection.execute(select(express_line)).one()
    proof = prove_line(engine.keys, line.id, line.version)
    assert accept_invitation(engine, WANG, line.id, proof) == line.id  # once more
    with pytest.raises(LinkNotMeant):
        accept_invitation(engine, ZHAO, line.id, proof)
    with pytest.raises(LinkNotMeant):
        accept_invitation(engine, OLGA, line.id, proof)
    with pytest.raises(NotFound):
        accept_invitation(engine, ZHAO, line.id, proof[::-1])
    with pytest.raises(NotFound):
        cancel_express_task(engine, STRANGER, line.task_id, new_id())
