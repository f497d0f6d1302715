"""Seats are never exceeded, whoever comes at the same instant; awards can be computed again."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from engine.services.work_tasks.applications import apply_for_task
from engine.services.work_tasks.awards import Candidate, commit_seed, rank
from engine.services.work_tasks.tables import award_run
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
