"""What a first start finds."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.runtime.engine import Engine
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import list_memberships
from engine.services.identity.sessions import check_credentials
from engine.services.orders.tables import hire_order
from engine.services.verification import verify
from engine.services.work_tasks.tables import engagement, work_task
from engine.storage.settings import Settings
from engine.storage.tables import incident, party, user
from web.demo import PASSWORD
from web.demo.data import LOGINS, load_demo


@pytest.fixture(scope="module")
def loaded(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with the demo data; nothing here changes it."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    shutil.copytree(demo_folder, folder)
    engine = Engine(Settings(data_dir=folder, password_cost=1))
    yield engine
    engine.close()


def test_orders_are_in_every_state_that_can_be_reached_at_once(loaded: Engine) -> None:
    with loaded.database.read() as connection:
        states = Counter(connection.execute(select(hire_order.c.state)).scalars())
        listed = select(hire_order.c.category).where(hire_order.c.state == "open")
        categories = connection.execute(listed).scalars().all()
        assert connection.execute(select(func.count()).select_from(incident)).scalar_one() == 0
    assert states == {
        "open": 4,
        "in_review": 1,
        "locked": 1,
        "started": 2,
        "auditing": 1,
        "paid": 2,
        "cancelled": 1,
        "disputed": 1,
    }
    assert len(set(categories)) == 4
    assert list(verify(loaded)) == []


def test_work_tasks_are_in_every_stage_of_the_work(loaded: Engine) -> None:
    with loaded.database.read() as connection:
        tasks = Counter(connection.execute(select(work_task.c.state)).scalars())
        engagements = Counter(connection.execute(select(engagement.c.state)).scalars())
    assert tasks == {"recruiting": 4, "running": 3, "completed": 1, "cancelled": 1}
    assert engagements == {
        "offered": 2,
        "confirmed": 1,
        "working": 2,
        "awaiting_acceptance": 1,
        "disputed": 1,
        "settled": 1,
    }


def test_everybody_listed_can_sign_in_and_act(loaded: Engine) -> None:
    passwords = Passwords(loaded.settings.password_cost)
    for login, meaning in LOGINS:
        user_id = check_credentials(loaded, passwords, login, PASSWORD)
        assert user_id is not None, login
        assert " / " in meaning
        with loaded.database.read() as connection:
            assert list_memberships(connection, user_id)


def test_one_person_acts_for_himself_and_for_an_enterprise(loaded: Engine) -> None:
    with loaded.database.read() as connection:
        chen = connection.execute(select(user.c.id).where(user.c.login == "chen")).scalar_one()
        assert [held.role for held in list_memberships(connection, chen)] == ["individual", "enterprise_operator"]


def test_every_name_exists_in_both_languages(loaded: Engine) -> None:
    with loaded.database.read() as connection:
        names = connection.execute(select(party.c.name_zh, party.c.name_en)).all()
    assert all(name_zh and name_en and name_zh != name_en for name_zh, name_en in names)


def test_a_second_start_changes_nothing(loaded: Engine) -> None:
    with loaded.database.read() as connection:
        before = connection.execute(select(func.count()).select_from(hire_order)).scalar_one()
    load_demo(loaded)
    with loaded.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(hire_order)).scalar_one() == before
        assert connection.execute(select(func.count()).select_from(user)).scalar_one() == len(LOGINS)
