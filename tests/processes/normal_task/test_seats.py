"""Seats and pieces are never exceeded, whoever comes at the same instant; awards can be computed again."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from engine.commands.tasks import FormRejected
from engine.services.ledger.checks import check_books
from engine.services.work_tasks.applications import apply_for_task
from engine.services.work_tasks.awards import Candidate, commit_seed, rank
from engine.services.work_tasks.tables import award_run
from engine.storage.actor import Actor
from tests.processes.normal_task.hiring_out import FIRST_COME, HiringOut

CROWD = 16


def test_sixteen_at_once_take_five_seats(any_work: HiringOut) -> None:
    work = any_work
    task_id = work.publish(headcount="5", **FIRST_COME)
    crowd = [work.stage.person(f"worker-{number}") for number in range(CROWD)]
    with ThreadPoolExecutor(CROWD) as pool:
        applications = list(pool.map(lambda actor: apply_for_task(work.stage.engine, actor, task_id), crowd))
    work.stage.settle()
    assert len(set(applications)) == CROWD
    task, rows = work.task(task_id), work.engagements(task_id)
    assert (task["seats_taken"], task["application_count"], task["state"]) == (5, CROWD, "running")
    assert len(rows) == work.count_cases("task_engagement") == 5
    assert len({row["worker_id"] for row in rows}) == 5


def test_three_who_deliver_at_once_never_exceed_the_cap_they_share(any_work: HiringOut) -> None:
    """Scenario 15."""
    work = any_work
    pieces = {"unit_name": "张", "unit_price_fen": "3.00", "cap_total": "500", "cap_per_worker": "200"}
    task_id = work.publish(
        **{**FIRST_COME, **pieces}, mode="piecework", headcount="3", quality_rule="白底", reject_policy="rework"
    )
    team = [work.stage.person(f"worker-{number}") for number in range(3)]
    for actor in team:
        apply_for_task(work.stage.engine, actor, task_id)
    work.stage.settle()
    cases = {actor.party_id: work.confirm(task_id, actor) for actor in team}
    for actor in team:
        work.stage.do(actor, cases[actor.party_id], "do_work", {"is_checked_in": "true"})

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
        work.stage.do(work.colleague, cases[actor.party_id], "acceptance", {"acceptance_result": "accept"})
    rows = work.engagements(task_id)
    assert sorted(row["paid_fen"] for row in rows) == [30_000, 60_000, 60_000]
    with work.stage.engine.database.read() as connection:
        assert check_books(connection) == []


@pytest.mark.parametrize("strategy", ["score", "lottery"])
def test_an_award_can_be_computed_again_and_explained(work: HiringOut, strategy: str) -> None:
    task_id = work.publish(headcount="2", award_preference="automatic", award_strategy=strategy)
    for number in range(5):
        apply_for_task(work.stage.engine, work.stage.person(f"worker-{number}"), task_id)
    work.stage.wait(days=4)
    with work.stage.engine.database.read() as connection:
        run = connection.execute(select(award_run)).mappings().one()
    task = work.task(task_id)
    candidates = [Candidate(one["application"], one["sequence"], one["features"]) for one in run["inputs"]]
    again = rank(run["strategy"], candidates, run["seats"], run["weights"], run["seed"])
    assert [one.as_plain() for one in again] == run["result"]
    assert run["seed"] == commit_seed(task_id, str(task["publication_sha256"]), run["nonce"])
    losers = [one for one in run["result"] if not one["is_awarded"]]
    assert len(losers) == 3
    assert all(one["decisive"] and one["of"] == 5 for one in losers)
