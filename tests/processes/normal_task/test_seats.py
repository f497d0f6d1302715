"""Seats are never exceeded, whoever comes at the same instant; awards can be computed again."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import FrameType

import pytest
from sqlalchemy import select

from engine.services.work_tasks.applications import apply_for_task
from engine.services.work_tasks.awards import Candidate, commit_seed, rank
from engine.services.work_tasks.tables import award_run
from engine.storage.actor import Actor
from engine.storage.plain import PlainDict
from tests.processes.normal_task.hiring_out import FIRST_COME, HiringOut

CROWD, SLACK = 16, 30


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


def test_a_step_costs_the_same_however_many_seats_there_are(work: HiringOut) -> None:
    """Counted in calls of functions, so that rows that are read count as well as statements."""
    engine, stage = work.stage.engine, work.stage
    small, large = (work.publish(headcount=str(seats), pay_fen="10.00", **FIRST_COME) for seats in (3, 20))
    crowd = [stage.person(f"worker-{number}") for number in range(20)]

    def sign_up(task_id: str, actor: Actor) -> None:
        apply_for_task(engine, actor, task_id)
        stage.settle()

    for actor in crowd[:2]:
        sign_up(small, actor)
    early = count_calls(lambda: sign_up(small, crowd[2]))
    for actor in crowd[:-1]:
        sign_up(large, actor)
    late = count_calls(lambda: sign_up(large, crowd[-1]))
    assert late <= early + SLACK
    fields: PlainDict = {"award_answer": "decline", "decline_reason": "time"}
    leaving = [(small, crowd[1]), (small, crowd[0]), (large, crowd[0])]  # the first one warms up what is compiled once
    cases = [(work.case_of(task_id, actor), actor) for task_id, actor in leaving]
    for case, _ in cases:
        work.approve(case)
    _, few, many = (count_calls(partial(stage.do, actor, case, "confirm_award", fields)) for case, actor in cases)
    assert many <= few + SLACK


def count_calls(work: Callable[[], None]) -> int:
    """Calls of Python functions while something is done."""
    calls = 0

    def note(_frame: FrameType, kind: str, _argument: object) -> None:
        nonlocal calls
        calls += kind == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls
