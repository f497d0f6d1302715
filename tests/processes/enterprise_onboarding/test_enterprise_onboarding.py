"""What scenarios do not show of an enterprise onboarding: what is kept, who may act, two at once, ports that fail."""

import pytest
from sqlalchemy import select, update

from engine.commands.tasks import FormRejected
from engine.runtime.errors import NotFound, SubmissionConflict
from engine.runtime.form_drafts import fetch_earlier
from engine.runtime.tasks import fetch_task
from engine.services.onboarding.company_simulator import CompanyRules, change_company_rules
from engine.services.onboarding.enterprise_tables import (
    company_check,
    enterprise_certification,
    test_transfer,
)
from engine.services.onboarding.enterprises import (
    CannotWithdraw,
    describe_enterprise,
    request_enterprise_onboarding,
    withdraw_onboarding,
)
from engine.services.onboarding.persons import MayNotOnboard
from engine.services.onboarding.simulated_inquiries import simulated_inquiry
from engine.services.payments.methods import describe_method
from engine.services.verification import verify
from engine.services.work_tasks.eligibility import find_publishing_obstacle
from engine.storage.columns import metadata
from engine.storage.ids import new_id
from engine.storage.tables import message, party, vault_item
from tests.processes.enterprise_onboarding.founding import (
    ACCOUNT,
    APPROVAL,
    CODE,
    OTHER_CODE,
    REP,
    REP_NUMBER,
    STATED,
    Founding,
)
from tests.processes.individual_onboarding.joining import Joining
from tests.support.stage import Stage


@pytest.fixture
def founding(stage: Stage) -> Founding:
    return Founding(stage)


def test_enterprise_from_registration_to_its_second_year(any_stage: Stage) -> None:
    """On both databases: standing, account, message; what is personal is nowhere in plain text; a year later."""
    founding, joining, stage = Founding(any_stage), Joining(any_stage), any_stage
    admin, rita = founding.enterprise("acme"), stage.staff("rita", "platform_reviewer")
    with stage.engine.database.read() as connection:
        assert find_publishing_obstacle(connection, admin) == "not_certified"
    case = founding.certify(admin, rita)
    joining.sign(admin, case, REP)
    stage.do(admin, case, "first_top_up", {"top_up_choice": "later"})
    assert stage.outcome(case) == "active"
    with stage.engine.database.read() as connection:
        assert find_publishing_obstacle(connection, admin) is None
        method = describe_method(connection, stage.engine.keys, "acme")
        everything = "".join(
            str(list(connection.execute(select(table)))) for table in metadata.sorted_tables if table is not vault_item
        )
        activated = select(message.c.correlation_key, message.c.payload).where(message.c.name == "party.activated")
        assert [tuple(row) for row in connection.execute(activated)] == [("acme", {"organisation_id": "acme"})]
        standing = describe_enterprise(connection, "acme")
        assert connection.execute(select(party.c.name_zh).where(party.c.id == "acme")).scalar() == STATED["legal_name"]
    assert method is not None
    assert (method.account, method.holder) == (ACCOUNT, STATED["legal_name"])
    for secret in (REP_NUMBER, ACCOUNT, REP, "13800000001", "lin@example.com"):
        assert secret not in everything
    assert standing is not None
    assert (standing.register_status, standing.account_status) == ("match", "confirmed")
    stage.wait(days=336)
    renewal = next(row.id for row in joining.rows(metadata.tables["instance"], process_key="recertify"))
    assert stage.open(renewal) == {"renew_certification"}
    stage.wait(days=31)
    assert stage.outcome(renewal) == "expired"
    with stage.engine.database.read() as connection:
        assert find_publishing_obstacle(connection, admin) == "not_certified"
    assert request_enterprise_onboarding(stage.engine, admin, new_id())
    assert list(verify(stage.engine)) == []


def test_of_two_enterprises_with_one_code_one_is_certified(any_stage: Stage) -> None:
    founding, stage = Founding(any_stage), any_stage
    rita = stage.staff("rita", "platform_reviewer")
    first, second = founding.enterprise("acme"), founding.enterprise("zeta")
    cases = [founding.state(one, credit_code=code) for one, code in ((first, CODE), (second, f"91330106 {CODE[8:]}"))]
    for case in cases:
        stage.do(rita, case, "review", APPROVAL)
    founding.tell_amount(first, cases[0])
    founding.tell_amount(second, cases[1])
    assert stage.open(cases[0]) == {"sign_agreement"}
    assert stage.outcome(cases[1]) == "rejected"
    with pytest.raises(MayNotOnboard) as refused:
        request_enterprise_onboarding(stage.engine, second, new_id())
    assert refused.value.reason == "too_early"
    stage.wait(days=1, minutes=1)
    again = founding.state(second)
    assert stage.open(again) == {"fill_certification"}
    earlier = fetch_earlier(
        stage.engine, fetch_task(stage.engine, second, stage.task_id(second, again, "fill_certification"))
    )
    assert earlier is not None
    assert (earlier["rep_id_no"], earlier["legal_name"]) == (REP_NUMBER, STATED["legal_name"])
    assert "confirm_true" not in earlier
    withdraw_onboarding(stage.engine, first, new_id())
    assert stage.outcome(cases[0]) == "withdrawn"
    founding.fill_in(second, again)
    assert stage.open(again) == {"confirm_phone"}


def test_business_of_the_enterprise_alone(founding: Founding) -> None:
    stage, engine = founding.stage, founding.stage.engine
    admin, rival = founding.enterprise("acme"), founding.enterprise("zeta")
    operator, rita = stage.member("olga", "acme", "enterprise_operator"), stage.staff("rita", "platform_reviewer")
    token = new_id()
    case = request_enterprise_onboarding(engine, admin, token)
    assert request_enterprise_onboarding(engine, admin, token) == case
    task_id = stage.task_id(admin, case, "fill_certification")
    for stranger in (rival, operator, rita):
        with pytest.raises(NotFound):
            fetch_task(engine, stranger, task_id)
    for actor, reason in ((admin, "under_way"), (operator, "not_an_administrator")):
        with pytest.raises(MayNotOnboard) as refused:
            request_enterprise_onboarding(engine, actor, new_id())
        assert refused.value.reason == reason
    for actor in (rival, operator):
        with pytest.raises(NotFound):
            withdraw_onboarding(engine, actor, new_id())
    withdraw_onboarding(engine, admin, token)
    withdraw_onboarding(engine, admin, token)
    with pytest.raises(CannotWithdraw):
        withdraw_onboarding(engine, admin, new_id())
    with pytest.raises(SubmissionConflict):
        request_enterprise_onboarding(engine, rival, token)
    with engine.database.read() as connection:
        assert describe_enterprise(connection, "zeta") is None


def test_suspended_people_do_not_come_back_with_another_enterprise(founding: Founding) -> None:
    stage = founding.stage
    first, second = founding.enterprise("acme"), founding.enterprise("zeta")
    founding.state(first)
    suspended = update(party).where(party.c.id == "acme").values(is_suspended=1)
    stage.engine.database.transact(lambda unit: unit.connection.execute(suspended))
    assert stage.outcome(founding.state(second, credit_code=OTHER_CODE)) == "rejected"
    assert stage.open(
        founding.state(founding.enterprise("beta"), credit_code=OTHER_CODE, rep_id_no="33010619950612001X")
    )


def test_register_and_bank_are_asked_once_whatever_gets_lost(any_stage: Stage) -> None:
    founding, joining = Founding(any_stage), Joining(any_stage)
    bad_day = CompanyRules(delay_seconds=20, transfer_seconds=60, lost_answer_bps=10_000, duplicate_bps=10_000)
    change_company_rules(any_stage.engine.database, bad_day)
    admin, rita = founding.enterprise("acme"), any_stage.staff("rita", "platform_reviewer")
    case = founding.state(admin)
    assert any_stage.open(case) == set()
    for _ in range(6):
        any_stage.wait(seconds=9)
    assert any_stage.open(case) == {"review"}
    assert [one.status for one in joining.rows(company_check)] == ["match"]
    any_stage.do(rita, case, "review", APPROVAL)
    for _ in range(8):
        any_stage.wait(seconds=20)
    assert any_stage.open(case) == {"enter_test_amount"}
    assert [one.requests for one in joining.rows(simulated_inquiry)] == [1, 1]
    assert [one.status for one in joining.rows(test_transfer)] == ["arrived"]
    assert any_stage.incidents(case) == []


def test_reviewer_sees_what_differs_and_no_whole_number(founding: Founding) -> None:
    stage = founding.stage
    change_company_rules(stage.engine.database, CompanyRules(differs_bps=10_000))
    rita = stage.staff("rita", "platform_reviewer")
    case = founding.state(founding.enterprise("acme"))
    shown = str(stage.form_data(rita, case, "review")["review_subject"])
    assert "法定代表人 · Differs" in shown
    assert "330106********0015" in shown
    assert f"**** {ACCOUNT[-4:]}" in shown
    assert not [secret for secret in (REP_NUMBER, ACCOUNT) if secret in shown]


def test_bad_input_is_refused_field_by_field_and_changes_nothing(founding: Founding) -> None:
    admin = founding.enterprise("acme")
    case = request_enterprise_onboarding(founding.stage.engine, admin, new_id())
    wrong: dict[str, str] = {"credit_code": f"{CODE[:-1]}6", "rep_id_no": "330106198506120016", "rep_phone": "12345"}
    wrong |= {
        "contact_email": "lin",
        "bank_account": "62-22",
        "legal_name": "杭",
        "applicant_is_rep": "no",
        "confirm_true": "",
    }
    with pytest.raises(FormRejected) as refused:
        founding.stage.do(admin, case, "fill_certification", {**STATED, **wrong})
    assert set(refused.value.bound.errors) == {*wrong, "licence_file", "authorisation_letter"} - {"applicant_is_rep"}
    assert founding.stage.open(case) == {"fill_certification"}
    assert [one.credit_code for one in Joining(founding.stage).rows(enterprise_certification)] == [None]
