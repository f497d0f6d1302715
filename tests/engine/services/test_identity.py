"""People, roles and sessions."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.services.identity import people, sessions
from engine.services.identity.passwords import MAX_CHARACTERS, MIN_CHARACTERS, Passwords
from engine.services.identity.people import (
    change_password,
    disable_user,
    grant_role,
    list_memberships,
    register_organisation,
    register_person,
    revoke_role,
    set_language,
)
from engine.services.identity.sessions import (
    IDLE_LIMIT,
    TOTAL_LIMIT,
    TOUCH_INTERVAL,
    RoleNotHeld,
    Session,
    SessionEnded,
    check_credentials,
    choose_role,
    close_session,
    find_session,
    open_session,
    touch_session,
)
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.tables import session, user
from tests.support.clock import ManualClock

PASSWORDS = Passwords(1)
PASSWORD = "correct horse battery"


def register(engine: Engine, login: str = "Chen@Example.com") -> str:
    return register_person(
        engine, PASSWORDS, SYSTEM, login=login, password=PASSWORD, name_zh="陈思远", name_en="Chen Siyuan"
    )


def find(engine: Engine, secret: str) -> Session | None:
    with engine.database.read() as connection:
        return find_session(connection, secret, engine.clock())


def must_find(engine: Engine, secret: str) -> Session:
    found = find(engine, secret)
    assert found is not None
    return found


def test_right_credentials_find_the_user(any_engine: Engine) -> None:
    user_id = register(any_engine)
    assert check_credentials(any_engine, PASSWORDS, " chen@example.COM ", PASSWORD) == user_id
    assert check_credentials(any_engine, PASSWORDS, "chen@example.com", PASSWORD + "x") is None
    assert check_credentials(any_engine, PASSWORDS, "nobody@example.com", PASSWORD) is None


def test_full_width_typing_is_the_same_password(engine: Engine) -> None:
    user_id = register(engine)
    assert (
        check_credentials(
            engine, PASSWORDS, "chen@example.com", PASSWORD.replace("c", "\N{FULLWIDTH LATIN SMALL LETTER C}")
        )
        == user_id
    )


@pytest.mark.parametrize("length", [0, MIN_CHARACTERS - 1, MAX_CHARACTERS + 1])
def test_password_of_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="Expected 8 to 128 characters"):
        PASSWORDS.hash_password("x" * length)


def test_longer_than_the_longest_password_is_never_right() -> None:
    longest = "x" * MAX_CHARACTERS
    stored = PASSWORDS.hash_password(longest)
    assert PASSWORDS.is_password(stored, longest)
    assert not PASSWORDS.is_password(stored, longest + "x")


def test_nothing_stored_is_never_the_password() -> None:
    assert not PASSWORDS.is_password(None, PASSWORD)


def test_password_is_hashed_anew_at_a_new_cost(engine: Engine) -> None:
    user_id = register(engine)
    dearer = Passwords(2)
    assert check_credentials(engine, dearer, "chen@example.com", PASSWORD) == user_id
    with engine.database.read() as connection:
        stored = connection.execute(select(user.c.password_hash)).scalar_one()
    assert "t=2" in stored
    assert not dearer.is_outdated(stored)
    assert check_credentials(engine, dearer, "chen@example.com", PASSWORD) == user_id


def test_login_is_taken_once(engine: Engine) -> None:
    register(engine)
    with pytest.raises(IntegrityError):
        register(engine, "CHEN@example.com")


def test_memberships_name_what_a_person_may_act_as(any_engine: Engine) -> None:
    user_id = register(any_engine)
    company = register_organisation(any_engine, SYSTEM, name_zh="晨星", name_en="Morningstar")
    grant_role(any_engine, SYSTEM, user_id, PLATFORM, "platform_reviewer", ["content", "result"])
    grant_role(any_engine, SYSTEM, user_id, company, "enterprise_operator")
    with any_engine.database.read() as connection:
        held = list_memberships(connection, user_id)
    assert [(m.kind, m.role, m.party_id) for m in held] == [
        ("person", "individual", user_id),
        ("organisation", "enterprise_operator", company),
        ("platform", "platform_reviewer", PLATFORM),
    ]
    assert held[1].party_name_en == "Morningstar"
    assert held[2].skills == {"content", "result"}


@pytest.mark.parametrize("role", ["platform_reviewer", "individual", "emperor"])
def test_role_must_fit_the_kind_of_party(engine: Engine, role: str) -> None:
    user_id = register(engine)
    company = register_organisation(engine, SYSTEM, name_zh="晨星", name_en="Morningstar")
    with pytest.raises(ValueError, match="Expected a role of a organisation"):
        grant_role(engine, SYSTEM, user_id, company, role)


def test_nobody_acts_as_another_person(engine: Engine) -> None:
    first, second = register(engine, "first"), register(engine, "second")
    with pytest.raises(ValueError, match="Expected a role of a person"):
        grant_role(engine, SYSTEM, first, second, "individual")


def test_session_starts_without_a_role(any_engine: Engine) -> None:
    user_id = register(any_engine)
    found = must_find(any_engine, open_session(any_engine, user_id))
    assert (found.user_id, found.login, found.actor) == (user_id, "chen@example.com", None)


def test_secret_is_not_kept(engine: Engine) -> None:
    secret = open_session(engine, register(engine))
    with engine.database.read() as connection:
        row = connection.execute(select(session)).one()
    assert secret not in [str(value) for value in row]
    assert len(secret) >= 43  # 256 bits


def test_unknown_secret_finds_nobody(engine: Engine) -> None:
    open_session(engine, register(engine))
    assert find(engine, "x" * 43) is None


def test_idle_session_ends(engine: Engine, clock: ManualClock) -> None:
    secret = open_session(engine, register(engine))
    clock.at += IDLE_LIMIT - timedelta(seconds=1)
    assert find(engine, secret)
    clock.at += timedelta(seconds=1)
    assert find(engine, secret) is None


def test_busy_session_lives_until_the_total_limit(engine: Engine, clock: ManualClock) -> None:
    secret = open_session(engine, register(engine))
    opened = clock.at
    while clock.at < opened + TOTAL_LIMIT - timedelta(hours=6):
        clock.advance(hours=6)
        touch_session(engine, must_find(engine, secret))
    clock.at = opened + TOTAL_LIMIT - timedelta(seconds=1)
    assert find(engine, secret)
    clock.at = opened + TOTAL_LIMIT
    assert find(engine, secret) is None


def test_session_is_touched_sparingly(engine: Engine, clock: ManualClock) -> None:
    secret = open_session(engine, register(engine))
    opened = clock.at
    clock.at = opened + TOUCH_INTERVAL - timedelta(seconds=1)
    touch_session(engine, must_find(engine, secret))
    assert must_find(engine, secret).seen_at == opened
    clock.at = opened + TOUCH_INTERVAL
    touch_session(engine, must_find(engine, secret))
    assert must_find(engine, secret).seen_at == clock.at


def test_sessions_that_ran_out_are_swept_away(engine: Engine, clock: ManualClock) -> None:
    user_id = register(engine)
    open_session(engine, user_id)
    clock.at += IDLE_LIMIT
    open_session(engine, user_id)
    with engine.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(session)).scalar_one() == 1


def test_choosing_a_role_changes_the_secret_and_is_recorded(any_engine: Engine, clock: ManualClock) -> None:
    user_id = register(any_engine)
    grant_role(any_engine, SYSTEM, user_id, PLATFORM, "platform_reviewer", ["content"])
    first = open_session(any_engine, user_id)
    second = choose_role(any_engine, must_find(any_engine, first), user_id, "individual")
    third = choose_role(any_engine, must_find(any_engine, second), PLATFORM, "platform_reviewer")
    assert find(any_engine, first) is None
    assert find(any_engine, second) is None
    assert must_find(any_engine, third).actor == Actor(
        user_id, PLATFORM, "platform_reviewer", frozenset({"platform_reviewer"}), frozenset({"content"})
    )
    with any_engine.database.read() as connection:
        last = read_stream(connection, people.STREAM)[-1]
    assert (last.kind, last.actor_id, last.acting_role) == ("choose_role", user_id, "individual")
    assert last.events == [
        {
            "kind": "choose_role",
            "party": PLATFORM,
            "role": "platform_reviewer",
            "former_party": user_id,
            "former_role": "individual",
        }
    ]


def test_choosing_a_role_does_not_prolong_the_session(engine: Engine, clock: ManualClock) -> None:
    user_id = register(engine)
    secret = open_session(engine, user_id)
    opened = clock.at
    clock.advance(hours=11)
    secret = choose_role(engine, must_find(engine, secret), user_id, "individual")
    assert must_find(engine, secret).created_at == opened


def test_role_of_somebody_else_is_refused(engine: Engine) -> None:
    secret = open_session(engine, register(engine))
    with pytest.raises(RoleNotHeld) as refusal:
        choose_role(engine, must_find(engine, secret), PLATFORM, "auditor")
    assert refusal.value.code == "role_not_held"
    assert must_find(engine, secret).actor is None


def test_closed_session_cannot_be_revived_by_choosing_a_role(engine: Engine) -> None:
    user_id = register(engine)
    found = must_find(engine, open_session(engine, user_id))
    close_session(engine, found)
    with pytest.raises(SessionEnded):
        choose_role(engine, found, user_id, "individual")
    with engine.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(session)).scalar_one() == 0


def test_signing_out_ends_the_session(engine: Engine) -> None:
    secret = open_session(engine, register(engine))
    close_session(engine, must_find(engine, secret))
    assert find(engine, secret) is None


def test_lost_role_is_lost_at_once(engine: Engine) -> None:
    user_id = register(engine)
    secret = choose_role(engine, must_find(engine, open_session(engine, user_id)), user_id, "individual")
    revoke_role(engine, SYSTEM, user_id, user_id, "individual")
    assert must_find(engine, secret).actor is None


def test_disabled_account_is_closed_at_once(engine: Engine) -> None:
    user_id = register(engine)
    secret = open_session(engine, user_id)
    disable_user(engine, SYSTEM, user_id)
    assert find(engine, secret) is None
    assert check_credentials(engine, PASSWORDS, "chen@example.com", PASSWORD) is None


def test_session_of_a_disabled_account_counts_for_nothing(engine: Engine) -> None:
    """Even one opened between the check of the password and the closing of the account."""
    user_id = register(engine)
    secret = open_session(engine, user_id)
    engine.database.transact(lambda unit: unit.connection.execute(update(user).values(is_disabled=1)))
    assert find(engine, secret) is None


def test_new_password_ends_every_session(engine: Engine) -> None:
    user_id = register(engine)
    secret = open_session(engine, user_id)
    change_password(engine, PASSWORDS, SYSTEM, user_id, "another horse battery")
    assert find(engine, secret) is None
    assert check_credentials(engine, PASSWORDS, "chen@example.com", PASSWORD) is None
    assert check_credentials(engine, PASSWORDS, "chen@example.com", "another horse battery") == user_id


def test_language_is_remembered(engine: Engine) -> None:
    user_id = register(engine)
    set_language(engine, user_id, "en")
    assert must_find(engine, open_session(engine, user_id)).language == "en"


def test_history_of_identities_names_nobody(engine: Engine) -> None:
    user_id = register(engine)
    secret = choose_role(engine, must_find(engine, open_session(engine, user_id)), user_id, "individual")
    sessions.close_session(engine, must_find(engine, secret))
    disable_user(engine, SYSTEM, user_id)
    with engine.database.read() as connection:
        rows = read_stream(connection, people.STREAM)
    assert [row.kind for row in rows] == [
        *("register_person", "grant_role", "sign_in", "choose_role", "sign_out", "disable_user")
    ]
    written = str([row.events for row in rows])
    for personal in ("chen", "陈", "Siyuan", "password", secret):
        assert personal not in written.lower()
