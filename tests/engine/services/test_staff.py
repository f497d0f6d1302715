"""The platform's people and suspensions: only operators change them, with a reason, and one of them stays."""

import pytest
from sqlalchemy import text

from engine.commands.work import settle
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.identity.errors import LastAdministrator, MemberInvalid
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import STREAM, grant_role, register_person
from engine.services.identity.staff import (
    find_account,
    list_accounts,
    reinstate_party,
    set_staff_roles,
    suspend_party,
)
from engine.services.orders.commands import create_order
from engine.services.orders.errors import NotEligible
from engine.services.verification import verify
from engine.storage import vault
from engine.storage.actor import PLATFORM, SYSTEM, Actor

PASSWORDS = Passwords(1)


def person(engine: Engine, login: str, role: str = "") -> Actor:
    user_id = register_person(
        engine, PASSWORDS, SYSTEM, login=login, password="twelve birds", name_zh=login, name_en=login
    )
    if not role:
        return Actor(user_id, user_id, "individual", frozenset({"individual"}))
    grant_role(engine, SYSTEM, user_id, PLATFORM, role)
    return Actor(user_id, PLATFORM, role, frozenset({role}))


def test_operators_give_and_take_roles_with_skills(any_engine: Engine) -> None:
    engine = any_engine
    qin, gao, li = person(engine, "qin", "platform_operator"), person(engine, "gao", "auditor"), person(engine, "li")
    for stranger in (gao, li, Actor(gao.user_id, PLATFORM, "platform_operator")):
        with pytest.raises(NotFound):
            set_staff_roles(engine, stranger, li.user_id, {"auditor": ()}, "because")
        with pytest.raises(NotFound):
            suspend_party(engine, stranger, li.user_id, "because")
    for roles, reason in (({"boss": ()}, "x"), ({"auditor": ("content",)}, "x"), ({"auditor": ()}, " ")):
        with pytest.raises(MemberInvalid):
            set_staff_roles(engine, qin, li.user_id, roles, reason)
    for _ in range(2):  # a repetition changes nothing
        set_staff_roles(engine, qin, li.user_id, {"platform_reviewer": ("result", "content"), "arbiter": ()}, "new")
    set_staff_roles(engine, qin, li.user_id, {"platform_reviewer": ("content",)}, "narrower")
    with engine.database.read() as connection:
        assert find_account(connection, li.user_id).staff_roles == {"platform_reviewer": ("content",)}
        assert [one.login for one in list_accounts(connection, is_staff=True)] == ["li", "gao", "qin"]
        rows = [row for row in read_stream(connection, STREAM) if row.kind == "set_staff_roles"]
        reasons = [vault.open_reference(connection, engine.keys, row.events[0]["reason"]) for row in rows]  # type: ignore[arg-type]
    assert reasons == ["new", "narrower"]
    with pytest.raises(LastAdministrator):
        set_staff_roles(engine, qin, qin.user_id, {"auditor": ()}, "tired")


def test_a_suspended_party_publishes_nothing_until_it_is_reinstated(any_engine: Engine) -> None:
    engine, qin, li = any_engine, person(any_engine, "qin", "platform_operator"), person(any_engine, "li")
    for _ in range(2):
        suspend_party(engine, qin, li.user_id, "spam")
    settle(engine)
    with pytest.raises(NotEligible) as refused:
        create_order(engine, li, "token")
    assert refused.value.reason == "publisher_suspended"
    reinstate_party(engine, qin, li.user_id, "cleared up")
    with engine.database.read() as connection:
        assert not find_account(connection, li.user_id).is_suspended
        kinds = [row.kind for row in read_stream(connection, STREAM) if "party" in row.kind]
    assert kinds == ["suspend_party", "reinstate_party"]


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO membership SELECT user_id, party_id, 'platform_finance', skills, 0 FROM membership "
        "WHERE role = 'platform_reviewer'",
        "UPDATE membership SET role = 'platform_finance' WHERE role = 'platform_reviewer'",
        "UPDATE membership SET party_id = 'platform', role = 'platform_finance' "
        "WHERE role = 'individual' AND user_id = (SELECT min(user_id) FROM membership)",
        "UPDATE membership SET skills = '[\"money\"]' WHERE role = 'platform_reviewer'",
        "DELETE FROM membership WHERE role = 'platform_reviewer'",
    ],
)
def test_a_role_at_the_platform_nobody_granted_is_found(any_engine: Engine, change: str) -> None:
    qin, li = person(any_engine, "qin", "platform_operator"), person(any_engine, "li", "arbiter")
    set_staff_roles(any_engine, qin, li.user_id, {"platform_reviewer": ("content",)}, "new")
    assert list(verify(any_engine)) == []
    any_engine.database.transact(lambda unit: unit.connection.execute(text(change)))
    assert {one.table for one in verify(any_engine)} == {"membership"}
