"""What scenarios do not show of an onboarding: what is kept of a person, who may act, two at once, the register."""

import pytest
from sqlalchemy import select, update
from stdnum.cn import ric

from engine.runtime.errors import NotFound
from engine.runtime.tasks import fetch_task
from engine.services.onboarding.identity_simulator import RegisterRules, change_register_rules
from engine.services.onboarding.person_tables import identity_check, person_certification
from engine.services.onboarding.persons import (
    MayNotOnboard,
    describe_standing,
    find_same_person,
    read_certified_name,
    request_onboarding,
)
from engine.services.onboarding.simulated_inquiries import simulated_inquiry
from engine.services.orders.eligibility import find_obstacle
from engine.services.orders.tables import hire_order
from engine.services.payments.methods import HolderDiffers, describe_method, set_payout_method
from engine.services.verification import verify
from engine.services.work_tasks.applications import apply_for_task
from engine.services.work_tasks.errors import MayNotApply
from engine.storage.columns import metadata
from engine.storage.ids import new_id
from engine.storage.tables import membership, message, party, vault_item
from tests.processes.individual_onboarding.joining import NAME, NUMBER, Joining
from tests.processes.normal_task.hiring_out import HiringOut
from tests.support.stage import Stage


@pytest.fixture
def joining(stage: Stage) -> Joining:
    return Joining(stage)


def test_person_from_account_to_pay(any_stage: Stage) -> None:
    """On both databases: standing, roles, an account in his name; and no row anywhere shows his number."""
    joining, stage = Joining(any_stage), any_stage
    wang = joining.newcomer("wang")
    case = joining.identify(wang, capacities=["courier", "technician"], courier_wish="ordinary")
    stage.do(wang, case, "technician_profile", {"trades": "network", "experience_years": "3", "service_area": "杭州市"})
    joining.sign(wang, case)
    account = {"method_kind": "e_wallet", "account_no": "wang@example.com"}
    stage.do(wang, case, "set_payout", {"payout_choice": "now", **account})
    assert stage.outcome(case) == "active"
    row = joining.rows(party, id="wang")[0]
    assert (row.is_certified, row.has_agreement) == (1, 1)
    roles = {one.role: one.skills for one in joining.rows(membership, user_id="wang")}
    assert roles == {"individual": ["technician"], "courier_ordinary": []}
    assert [(one.name, one.correlation_key) for one in joining.rows(message)] == [("party.activated", "wang")]
    with stage.engine.database.read() as connection:
        method = describe_method(connection, stage.engine.keys, "wang")
        standing = describe_standing(connection, "wang")
        everything = "".join(
            str(list(connection.execute(select(table)))) for table in metadata.sorted_tables if table is not vault_item
        )
    assert method is not None
    assert (method.kind, method.account, method.holder) == ("e_wallet", "wang@example.com", NAME)
    assert standing is not None
    assert [(one.kind, one.state) for one in standing.capacities] == [
        ("courier_ordinary", "granted"),
        ("technician", "granted"),
    ]
    assert NUMBER not in everything
    assert "13800000001" not in everything
    assert list(verify(stage.engine)) == []


def test_second_account_of_a_person_takes_nothing(any_stage: Stage) -> None:
    """Scenario 20: the same number, however it is typed; and of two that pass at once, one."""
    work, joining = HiringOut(any_stage), Joining(any_stage)
    wang, twin, late = (joining.newcomer(name) for name in ("wang2", "twin", "late"))
    slow = RegisterRules(delay_seconds=60)
    change_register_rules(any_stage.engine.database, slow)
    first, second = joining.identify(wang), joining.identify(twin, NUMBER.lower())
    any_stage.wait(minutes=3)
    assert any_stage.open(first) == {"sign_agreement"}
    assert any_stage.outcome(second) == "rejected_duplicate"
    third = joining.identify(late, "330106 19950612 001x")
    assert any_stage.outcome(third) == "rejected_duplicate"
    certified = update(party).where(party.c.id == "twin").values(is_certified=1, has_agreement=1)
    any_stage.engine.database.transact(lambda unit: unit.connection.execute(certified))
    task_id = work.publish()
    with pytest.raises(MayNotApply) as refused:
        apply_for_task(any_stage.engine, twin, task_id)
    assert refused.value.code == "may_not_apply.same_person"
    order = {column.name: None for column in hire_order.columns} | {"publisher_id": "acme", "taker_kinds": "any"}
    with any_stage.engine.database.read() as connection:
        assert [find_same_person(connection, name) for name in ("wang2", "twin", "late")] == [None, "wang2", "wang2"]
        assert find_obstacle(connection, twin, order | {"id": "none", "lock_limit": 5}) == "same_person"  # type: ignore[arg-type]
    joining.sign(wang, first)
    any_stage.do(wang, first, "set_payout", {"payout_choice": "later"})
    assert apply_for_task(any_stage.engine, wang, task_id)


def test_own_business_of_the_applicant(joining: Joining) -> None:
    stage, engine = joining.stage, joining.stage.engine
    wang, li = joining.newcomer("wang"), joining.newcomer("li")
    stage.organisation("acme")
    colleague = stage.member("olga", "acme", "enterprise_operator")
    token = new_id()
    case = request_onboarding(engine, wang, token)
    task_id = stage.task_id(wang, case, "real_name")
    for stranger in (li, colleague, stage.staff("rita", "platform_reviewer")):
        with pytest.raises(LookupError):
            stage.task_id(stranger, case, "real_name")
        with pytest.raises(NotFound):
            fetch_task(engine, stranger, task_id)
    for actor, reason in ((wang, "under_way"), (colleague, "not_a_person")):
        with pytest.raises(MayNotOnboard) as refused:
            request_onboarding(engine, actor, new_id())
        assert refused.value.reason == reason
    joining.fill_in(wang, case)
    joining.sign(wang, case)
    stage.do(wang, case, "set_payout", {"payout_choice": "later"})
    more = request_onboarding(engine, wang, new_id())
    assert stage.open(more) == {"choose_capacities"}  # who he is need not be proved again
    stage.do(wang, more, "choose_capacities", {"capacities": ["courier"], "courier_wish": "ordinary"})
    assert stage.outcome(more) == "active"
    third = request_onboarding(engine, wang, new_id())
    with engine.database.read() as connection:
        standing = describe_standing(connection, "wang")
    assert standing is not None
    assert standing.certification_id == third
    assert [(one.kind, one.state) for one in standing.capacities] == [("courier_ordinary", "granted")]
    with pytest.raises(HolderDiffers):
        set_payout_method(engine, wang, kind="bank", account="6222020000001234", holder="张三")
    assert set_payout_method(engine, wang, kind="bank", account="6222020000001234", holder=NAME)
    with engine.database.read() as connection:
        assert read_certified_name(connection, engine.keys, "li") is None


@pytest.mark.parametrize(("birth_date", "outcome"), [("20081123", None), ("20081124", "rejected_age")])
def test_age_is_counted_to_the_day(joining: Joining, birth_date: str, outcome: str | None) -> None:
    """The clock shows 23 November 2026."""
    begin = f"330106{birth_date}001"
    case = joining.identify(joining.newcomer("wang"), begin + ric.calc_check_digit(f"{begin}0"))
    assert joining.stage.outcome(case) == outcome


def test_register_is_asked_once_whatever_gets_lost(any_stage: Stage) -> None:
    joining = Joining(any_stage)
    change_register_rules(
        any_stage.engine.database, RegisterRules(delay_seconds=90, lost_answer_bps=10_000, duplicate_bps=10_000)
    )
    case = joining.identify(joining.newcomer("wang"))
    assert any_stage.open(case) == set()
    any_stage.wait(minutes=5)
    assert any_stage.open(case) == {"sign_agreement"}
    assert [one.requests for one in joining.rows(simulated_inquiry)] == [1]
    assert [one.status for one in joining.rows(identity_check)] == ["match"]
    assert any_stage.incidents(case) == []
    assert [one.verified_by for one in joining.rows(person_certification)] == ["register"]


def test_bad_input_is_refused_field_by_field_and_changes_nothing(joining: Joining) -> None:
    wang = joining.newcomer("wang")
    case = request_onboarding(joining.stage.engine, wang, new_id())
    refused = joining.refuse(wang, case, id_no="330106199506120011", phone="12345", name="")
    assert set(refused) == {"id_no", "phone", "name", "id_front", "id_back"}
    assert joining.stage.open(case) == {"real_name"}
    assert [one.id_no for one in joining.rows(person_certification)] == [None]
