"""The acceptance scenarios 1 to 20 of the specification, and 52 as far as deployments go, on SQLite and PostgreSQL.

Most play the scenario beside the diagram, whose own expectations hold as well, and look at the numbers. Those from 9
on are played on SQLite with all the others (`tests/engine/scenarios/test_shipped.py`), so here on PostgreSQL alone.
Scenario 20 (one person with two accounts) is with the onboarding of individuals.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from engine.commands.deployments import deploy
from engine.commands.tasks import FormRejected
from engine.queries.inbox import list_tasks
from engine.services.ledger.checks import check_books
from engine.services.work_tasks.applications import apply_for_task
from engine.services.work_tasks.tables import acceptance_record
from engine.storage.actor import Actor
from tests.acceptance.playing import Played
from tests.processes.normal_task.hiring_out import FIRST_COME, HiringOut
from tests.support.stage import BOSS, Stage
from web.repository import read_definitions

ON_POSTGRES = pytest.mark.parametrize("any_stage", ["postgres"], indirect=True)
MODES = {
    1: ("prepayment_by_hand", "P-SETTLE", [100_000, 100_000]),
    2: ("prepayment_automatic", "P-SETTLE", [100_000, 100_000]),
    3: ("completion_by_hand", "P-SETTLE-COMPLETION", [100_000, 100_000]),
    4: ("completion_automatic", "P-SETTLE-COMPLETION", [100_000, 100_000]),
    5: ("negotiable_by_hand", "P-SETTLE", [105_000, 90_000]),
    6: ("negotiable_automatic", "P-SETTLE", [90_000, 105_000]),
    7: ("piecework_by_hand", "P-SETTLE-PIECE", [75_000, 75_000]),
    8: ("piecework_automatic", "P-SETTLE-PIECE", [75_000, 75_000]),
}


@pytest.mark.parametrize("number", MODES)
def test_01_to_08_every_mode_and_award_settles_two_seats(any_stage: Stage, number: int) -> None:
    name, rule, settled_fen = MODES[number]
    played = Played(any_stage, name)
    assert sorted(played.entries(rule)) == sorted(settled_fen)
    assert (played.balance("escrow:%"), played.balance("guarantee:%")) == (0, 0)
    assert played.count_ratings() == 4
    moves = played.transitions()
    assert moves[1] > 0
    assert max(moves) == 1  # no service function makes more than one transition of F.3


@ON_POSTGRES
def test_09_content_returned_twice_is_approved_and_the_third_return_refunds(any_stage: Stage) -> None:
    played = Played(any_stage, "content_returned")
    assert (played.balance("wallet:acme"), played.balance("escrow:%")) == (300_000, 0)


@ON_POSTGRES
def test_10_the_waiting_list_gets_the_seat_of_a_rejected_undertaker(any_stage: Stage) -> None:
    assert Played(any_stage, "undertaker_rejected").balance("escrow:%") == 100_000


@ON_POSTGRES
def test_11_a_rejected_deliverable_is_decided_70_to_30(any_stage: Stage) -> None:
    played = Played(any_stage, "deliverable_rejected")
    # the fee of 6 % is on the 700.00 that are paid
    assert (played.balance("wallet:wang"), played.balance("wallet:acme")) == (65_800, 230_000)
    assert (played.entries("P-DISPUTE"), played.balance("escrow:%")) == ([100_000], 0)


def test_12_silence_accepts_after_seven_working_days_over_a_public_holiday(any_stage: Stage) -> None:
    work, stage = HiringOut(any_stage), any_stage
    dates = {"signup_deadline": "2026-12-20T18:00", "start_by": "2026-12-27T18:00", "due_at": "2026-12-31T18:00"}
    task_id = work.publish(**dates)
    work.award(task_id, work.worker)
    case = work.confirm(task_id, work.worker)
    stage.clock.at = datetime(2026, 12, 27, 2, tzinfo=UTC)
    work.deliver(case, work.worker)
    stage.clock.at = datetime(2026, 12, 28, 6, tzinfo=UTC)  # a Monday, 14:00 in Shanghai
    work.approve(case)
    # 29, 30, 31 December; 1 January is New Year's Day, then a weekend; 4, 5, 6, 7 January
    due = datetime(2027, 1, 7, 6, tzinfo=UTC)
    assert [row["acceptance_due"] for row in work.engagements(task_id)] == [due]
    stage.clock.at = datetime(2027, 1, 7, 5, 59, tzinfo=UTC)
    stage.settle()
    assert "acceptance" in stage.open(case)
    stage.clock.at = due
    stage.settle()
    with stage.engine.database.read() as connection:
        record = connection.execute(select(acceptance_record)).one()
    assert (record.result, record.is_automatic, record.at) == ("accept", 1, due)
    assert [row["net_fen"] for row in work.engagements(task_id)] == [9_400]


@ON_POSTGRES
def test_13_an_open_dispute_stops_automatic_acceptance(any_stage: Stage) -> None:
    played = Played(any_stage, "dispute_stops_silence")
    with any_stage.engine.database.read() as connection:
        assert [row.is_automatic for row in connection.execute(select(acceptance_record))] == [0]
    assert played.balance("wallet:wang") == 94_000


@ON_POSTGRES
def test_14_batches_of_pieces_have_the_numbers_of_the_worked_example(any_stage: Stage) -> None:
    played = Played(any_stage, "pieces_by_hand")
    assert played.entries("P-FREEZE") == [150_000]
    assert played.entries("P-SETTLE-PIECE") == [54_000, 48_600]
    assert (played.entries("P-RELEASE"), played.balance("escrow:%")) == ([47_400], 0)


def test_15_three_who_deliver_at_once_never_exceed_the_cap_they_share(any_stage: Stage) -> None:
    work, stage = HiringOut(any_stage), any_stage
    pieces = {"unit_name": "张", "unit_price_fen": "3.00", "cap_total": "500", "cap_per_worker": "200"}
    task_id = work.publish(
        **{**FIRST_COME, **pieces}, mode="piecework", headcount="3", quality_rule="白底", reject_policy="rework"
    )
    team = [stage.person(f"worker-{number}") for number in range(3)]
    for actor in team:
        apply_for_task(stage.engine, actor, task_id)
    stage.settle()
    cases = {actor.party_id: work.confirm(task_id, actor) for actor in team}
    for actor in team:
        stage.do(actor, cases[actor.party_id], "do_work", {"is_checked_in": "true"})
    shares = {row["worker_id"]: row["quantity_cap"] for row in work.engagements(task_id)}
    assert sorted(shares.values()) == [100, 200, 200]
    least = min(team, key=lambda actor: shares[actor.party_id])
    with pytest.raises(FormRejected):
        work.deliver(cases[least.party_id], least, quantity="101", is_last_batch="true")

    def deliver(actor: Actor) -> None:
        work.deliver(cases[actor.party_id], actor, quantity=str(shares[actor.party_id]), is_last_batch="true")

    with ThreadPoolExecutor(len(team)) as pool:
        list(pool.map(deliver, team))
    for actor in team:
        work.approve(cases[actor.party_id])
        stage.do(work.colleague, cases[actor.party_id], "acceptance", {"acceptance_result": "accept"})
    assert sorted(row["paid_fen"] for row in work.engagements(task_id)) == [30_000, 60_000, 60_000]
    with stage.engine.database.read() as connection:
        assert check_books(connection) == []


@ON_POSTGRES
def test_16_an_offer_and_the_answer_to_the_one_before_cross_and_nothing_is_frozen(any_stage: Stage) -> None:
    played = Played(any_stage, "offer_crossed")
    assert (played.entries("P-FREEZE"), played.balance("escrow:%")) == ([], 0)


@ON_POSTGRES
def test_17_work_settled_on_completion_waits_for_a_top_up(any_stage: Stage) -> None:
    played = Played(any_stage, "completion_topped_up")
    assert played.entries("P-SETTLE-COMPLETION") == [100_000]
    assert (played.balance("wallet:wang"), played.balance("guarantee:%")) == (94_000, 0)


@ON_POSTGRES
def test_17_work_that_is_never_paid_blocks_and_becomes_a_dispute(any_stage: Stage) -> None:
    played = Played(any_stage, "completion_never_paid")
    assert (played.balance("wallet:wang"), played.balance("wallet:acme")) == (47_000, 0)
    assert (played.entries("P-SETTLE-COMPLETION"), played.balance("escrow:%")) == ([], 0)


@ON_POSTGRES
@pytest.mark.parametrize(
    ("name", "cancelled_fen", "enterprise_fen", "worker_fen"),
    [
        ("cancelled_before_award", [], 300_000, 0),
        # 10 % before the start, 80 % of it to the worker; after it 30 % to 100 % by progress
        ("cancelled_before_start", [100_000], 290_000, 8_000),
        ("cancelled_started", [100_000], 250_000, 40_000),
    ],
)
def test_18_a_cancellation_costs_what_the_table_says(
    any_stage: Stage, name: str, cancelled_fen: list[int], enterprise_fen: int, worker_fen: int
) -> None:
    played = Played(any_stage, name)
    assert played.entries("P-CANCEL") == cancelled_fen
    assert (played.balance("wallet:acme"), played.balance("wallet:wang")) == (enterprise_fen, worker_fen)
    assert played.balance("escrow:%") == 0


@ON_POSTGRES
def test_19_the_seat_of_a_no_show_is_filled_again(any_stage: Stage) -> None:
    played = Played(any_stage, "no_show")
    assert (played.balance("wallet:wang"), played.balance("wallet:li")) == (0, 94_000)


def test_52_running_cases_stay_on_the_version_they_began_with(any_stage: Stage) -> None:
    work, stage, path = HiringOut(any_stage), any_stage, "bpmn/normal_task/normal_task.bpmn"
    before = work.publish()
    changed = read_definitions()[path].replace("选标".encode(), "选定承接人".encode())
    deploy(stage.engine, BOSS, {path: changed})
    after = work.publish()
    assert [_name_of(work, task_id, "award_manually") for task_id in (before, after)] == ["选标", "选定承接人"]
    work.award(before, work.worker)
    work.award(after, work.other)
    assert [work.task(task_id)["state"] for task_id in (before, after)] == ["running", "running"]


def _name_of(work: HiringOut, task_id: str, element: str) -> str:
    """What an open task is called by the version its case runs on."""
    rows = list_tasks(work.stage.engine, work.operator, limit=200).rows
    return next(row.element.name_zh for row in rows if (row.instance_id, row.element.id) == (task_id, element))
