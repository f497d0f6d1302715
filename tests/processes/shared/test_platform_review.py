"""`platform_review` beside its scenarios: who may review, what is seen and kept, and reminders."""

import pytest

from engine.commands.incidents import retry_incident
from engine.commands.tasks import FormRejected, claim_task
from engine.storage.actor import Actor
from engine.storage.plain import PlainDict
from engine.storage.tables import incident, party
from tests.processes.shared.reviewing import APPROVE, FAILING, REJECT, RETURN, TEXTS, ReviewDesk
from tests.support.stage import Stage

CLEAN = "两间会议室投影调试，线缆进线槽"
SECOND_NO: PlainDict = {"decision": "refuse", "note_internal": "价格明显偏低，请再核实"}


@pytest.fixture
def desk(stage: Stage) -> ReviewDesk:
    return ReviewDesk(stage)


@pytest.fixture
def any_desk(any_stage: Stage) -> ReviewDesk:
    return ReviewDesk(any_stage)


# --- what the platform decides by itself ----------------------------------------------------------------------------
def test_clean_content_passes_without_a_person(desk: ReviewDesk) -> None:
    desk.text = CLEAN
    desk.open()
    desk.check("end_passed")
    assert desk.decisions() == [("approve_automatically", "system", "approved")]


def test_what_policy_wants_reviewed_is_reviewed_however_clean(desk: ReviewDesk) -> None:
    desk.text = CLEAN
    desk.open("qualification")
    assert desk.stage.open(desk.id) == {"review"}


def test_whoever_is_on_the_black_list_is_refused_at_once(desk: ReviewDesk) -> None:
    desk.text = CLEAN
    desk.stage.engine.database.transact(
        lambda unit: unit.connection.execute(party.update().where(party.c.id == "ann").values(is_suspended=1))
    )
    desk.open()
    desk.check("end_blocked")


@pytest.mark.parametrize("text", ["请加微信详谈", ""])
def test_words_to_look_at_and_missing_fields_bring_a_person_in(desk: ReviewDesk, text: str) -> None:
    desk.text = text
    desk.open()
    assert desk.stage.open(desk.id) == {"review"}


# --- approval -------------------------------------------------------------------------------------------------------
def test_a_reviewer_approves_and_it_can_be_proved_who_did(any_desk: ReviewDesk) -> None:
    desk = any_desk
    desk.open()
    desk.do(desk.rita, "review", APPROVE)
    desk.check("end_approved")
    [record] = desk.records()
    assert (record["element"], record["actor_id"], record["role"]) == ("review", "rita", "platform_reviewer")
    assert (record["skill"], record["outcome"], record["at"]) == ("content", "approved", desk.stage.clock())
    assert record["checklist"]["lawful"] is True
    data = desk.stage.data(desk.id, "end_approved")
    assert (data["outcome"], data["reasons"], data["reviewer"]) == ("approved", [], "rita")
    assert data["review_id"] == record["review_id"]


def test_approval_needs_every_item_of_the_checklist(desk: ReviewDesk) -> None:
    desk.open()
    with pytest.raises(FormRejected) as refused:
        desk.do(desk.rita, "review", {"decision": "approve", "checklist-lawful": "yes"})
    assert [*refused.value.bound.errors] == ["checklist"]


def test_a_return_needs_a_reason_and_a_note(desk: ReviewDesk) -> None:
    desk.open()
    with pytest.raises(FormRejected) as refused:
        desk.do(desk.rita, "review", {"decision": "return"})
    assert {*refused.value.bound.errors} == {"reason_codes", "note_to_submitter"}


# --- who may review -------------------------------------------------------------------------------------------------
def test_only_reviewers_with_the_skill_who_are_no_side_of_it(desk: ReviewDesk) -> None:
    desk.employ("rex", "acme", "enterprise_operator")
    desk.employ("rex", "platform", "platform_reviewer")
    desk.open(submitter="acme", excluded=["acme", "bob"])
    novice = desk.stage.staff("novice", "platform_reviewer", frozenset({"result"}))
    rex, bob = (desk.stage.staff(name, "platform_reviewer") for name in ("rex", "bob"))
    assert [desk.may(one) for one in (desk.rita, novice, rex, bob, desk.sam)] == [
        {"review"},
        set(),
        set(),
        set(),
        set(),
    ]


def test_a_review_of_two_sides_of_one_person_needs_a_second_review(desk: ReviewDesk) -> None:
    desk.text = CLEAN
    desk.employ("ann", "acme", "enterprise_operator")
    desk.open("result", excluded=["acme", "ann"])
    desk.do(desk.rita, "review", APPROVE)
    assert desk.stage.open(desk.id) == {"second_review"}


# --- return and correction ------------------------------------------------------------------------------------------
def test_a_correction_is_carried_out_and_reviewed_again(desk: ReviewDesk) -> None:
    """Scenario 9: returned twice, corrected, approved."""
    desk.open()
    for text in ("改好的内容：两间会议室各一台投影的完整调试", "再次改好的内容：两间会议室各一台投影的完整调试"):
        desk.do(desk.rita, "review", RETURN)
        assert (desk.may(desk.ann), desk.may(desk.rita)) == ({"correct"}, set())
        desk.do(desk.ann, "correct", {"statement": "已写明交付内容", "content": text})
        assert TEXTS[desk.subject_id] == text
        assert desk.stage.open(desk.id) == {"review"}  # clean now, but a person confirms it
    desk.do(desk.rita, "review", APPROVE)
    desk.check("end_approved")
    assert [outcome for *_, outcome in desk.decisions()] == ["returned", "corrected"] * 2 + ["approved"]


def test_a_correction_tried_again_by_an_operator_stays_the_submitters(desk: ReviewDesk) -> None:
    desk.open()
    desk.do(desk.rita, "review", RETURN)
    FAILING.add(desk.subject_id)
    desk.do(desk.ann, "correct", {"statement": "已写明交付内容"})
    assert len(desk.stage.incidents(desk.id)) == 1
    FAILING.clear()
    with desk.stage.engine.database.read() as connection:
        incident_id = connection.execute(incident.select()).one().id
    desk.stage.clock.advance(hours=1)
    operator = Actor("otto", "platform", "platform_operator", frozenset({"platform_operator"}))
    retry_incident(desk.stage.engine, operator, incident_id)
    assert desk.decisions()[-1] == ("correct", "ann", "corrected")
    assert desk.stage.open(desk.id) == {"review"}


# --- rejection and appeal -------------------------------------------------------------------------------------------


# --- four eyes ------------------------------------------------------------------------------------------------------


def test_below_the_four_eyes_amount_one_is_enough(desk: ReviewDesk) -> None:
    desk.open(amount_fen=4_999_999)
    desk.do(desk.rita, "review", APPROVE)
    desk.check("end_approved")


def test_nobody_is_both_pairs_of_eyes(desk: ReviewDesk) -> None:
    desk.open(amount_fen=5_000_000)
    desk.stage.wait(hours=4)  # now senior reviewers may do the first review as well
    desk.do(desk.sam, "review", APPROVE)
    assert (desk.may(desk.sam), desk.may(desk.sue)) == (set(), {"second_review"})
    desk.do(desk.sue, "second_review", SECOND_NO)
    desk.stage.wait(hours=4)
    assert (desk.may(desk.sam), desk.may(desk.sue), desk.may(desk.rita)) == ({"review"}, set(), {"review"})


def test_a_second_reviewer_who_disagrees_sends_it_back_with_a_note(desk: ReviewDesk) -> None:
    desk.open(amount_fen=5_000_000)
    desk.do(desk.rita, "review", APPROVE)
    desk.do(desk.sam, "second_review", SECOND_NO)
    shown = desk.stage.form_data(desk.rita, desk.id, "review")["review_history"]
    assert str(SECOND_NO["note_internal"]) in str(shown)


# --- time -----------------------------------------------------------------------------------------------------------
def test_reviewers_are_reminded_and_seniors_come_in_but_time_decides_nothing(desk: ReviewDesk) -> None:
    desk.open()
    desk.stage.wait(minutes=119)
    assert desk.reminders() == []
    desk.stage.wait(minutes=1)
    assert desk.reminders() == [("group", "platform_reviewer")]
    claim_task(desk.stage.engine, desk.rita, desk.stage.task_id(desk.rita, desk.id, "review"))
    desk.stage.wait(minutes=72)
    assert desk.reminders()[1:] == [("user", "rita")]
    assert desk.may(desk.sam) == set()
    desk.stage.wait(minutes=48)
    assert desk.may(desk.sam) == {"review"}
    assert desk.reminders()[2:] == [("user", "rita")]  # she holds it still
    desk.stage.wait(days=30)
    assert desk.stage.open(desk.id) == {"review"}
    assert len(desk.reminders()) == 3


def test_reminders_in_working_time_come_before_the_deadline(desk: ReviewDesk) -> None:
    """Opened at noon of a Saturday: the working day of the review is Monday, from 9 to 18 o'clock in Shanghai."""
    clock = desk.stage.clock
    clock.advance(days=(5 - clock().weekday()) % 7)
    clock.advance(hours=(4 - clock().hour) % 24 - clock().minute / 60)
    desk.open("qualification", sla="WT:P1D")
    desk.stage.wait(hours=49)  # Monday 13:00
    assert desk.reminders() == []
    desk.stage.wait(hours=1)
    assert desk.reminders() == [("group", "platform_reviewer")]
    desk.stage.wait(hours=3)  # 17:00
    assert len(desk.reminders()) == 2
    assert desk.may(desk.sam) == set()
    desk.stage.wait(hours=1)
    assert desk.may(desk.sam) == {"review"}


# --- what people see ------------------------------------------------------------------------------------------------
def test_the_reviewer_sees_the_subject_and_what_the_check_found(desk: ReviewDesk) -> None:
    desk.open()
    shown = desk.stage.form_data(desk.rita, desk.id, "review")
    assert desk.text in str(shown["review_subject"])
    watched = {"zh": "需留意的词", "en": "Words to look at", "name": "watched_words", "value": 1}
    assert shown["review_checks"] == [watched]


def test_the_submitter_sees_why_but_neither_who_nor_internal_notes(desk: ReviewDesk) -> None:
    desk.open()
    desk.do(desk.rita, "review", REJECT)
    shown = str(desk.stage.form_data(desk.ann, desk.id, "appeal")["review_remarks"])
    assert str(REJECT["note_to_submitter"]) in shown
    assert "违法违规" in shown
    assert "rita" not in shown
    assert str(REJECT["note_internal"]) not in shown


def test_notes_stay_out_of_process_data(desk: ReviewDesk) -> None:
    desk.open()
    desk.do(desk.rita, "review", REJECT)
    data = str(desk.stage.data(desk.id, "appeal"))
    assert str(REJECT["note_to_submitter"]) not in data
    assert (
        not {"note_to_submitter", "note_internal", "decision", "checklist"} & desk.stage.data(desk.id, "appeal").keys()
    )
