"""User tasks: who may do them, once, with what content, and what a repetition gets."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from engine.commands.deployments import deploy
from engine.commands.tasks import FormRejected, claim_task, complete_task, unclaim_task
from engine.queries.inbox import count_tasks, list_tasks
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound, SubmissionConflict, TaskAlreadyClaimed, TaskAlreadyCompleted
from engine.runtime.tasks import fetch_task
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.tables import submission, vault_item
from tests.support.clock import ManualClock
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS, Stage

FIELDS = {"note": "hello", "amount_fen": "12.50"}


@pytest.fixture
def trial(any_engine: Engine, clock: ManualClock) -> Stage:
    deploy(any_engine, BOSS, two_tasks())
    return Stage(any_engine, clock)


def _complete(stage: Stage, actor: Actor, task_id: str, token: str, fields: dict[str, str]) -> str:
    return complete_task(stage.engine, actor, task_id, token, MultiDict(fields))


def _open_check(stage: Stage) -> tuple[str, str]:
    ann = stage.person("ann")
    instance_id = stage.start(ann, "trial", {"who": "ann"})
    stage.do(ann, instance_id, "fill", FIELDS)
    reviewer = stage.staff("rev", "platform_reviewer")
    return instance_id, stage.task_id(reviewer, instance_id, "check")


def test_a_case_runs_to_its_end(trial: Stage) -> None:
    instance_id, _ = _open_check(trial)
    trial.do(trial.staff("rev", "platform_reviewer"), instance_id, "check", {"note": "fine"})
    assert trial.outcome(instance_id) == "done"
    assert trial.path(instance_id) == ["begun", "fill", "gw_large", "check", "done"]
    assert trial.data(instance_id, "check")["amount_fen"] is None  # the second form left it empty
    assert trial.data(instance_id, "fill")["amount_fen"] == 1250


def test_a_repeated_submission_is_answered_and_not_repeated(trial: Stage) -> None:
    ann = trial.person("ann")
    instance_id = trial.start(ann, "trial", {"who": "ann"})
    task_id = trial.task_id(ann, instance_id, "fill")
    answers = {_complete(trial, ann, task_id, "token", FIELDS) for _ in range(3)}
    assert answers == {instance_id}
    with trial.engine.database.read() as connection:
        count = connection.scalar(select(func.count()).where(submission.c.scope == f"task:{task_id}"))
    assert count == 1


def test_the_same_token_with_other_content_is_a_conflict(trial: Stage) -> None:
    ann = trial.person("ann")
    instance_id = trial.start(ann, "trial", {"who": "ann"})
    task_id = trial.task_id(ann, instance_id, "fill")
    _complete(trial, ann, task_id, "token", FIELDS)
    with pytest.raises(SubmissionConflict):
        _complete(trial, ann, task_id, "token", {**FIELDS, "note": "other"})


def test_a_second_form_of_the_same_person_is_told_that_it_was_done(trial: Stage) -> None:
    ann = trial.person("ann")
    instance_id = trial.start(ann, "trial", {"who": "ann"})
    task_id = trial.task_id(ann, instance_id, "fill")
    _complete(trial, ann, task_id, "token", FIELDS)
    with pytest.raises(TaskAlreadyCompleted):
        _complete(trial, ann, task_id, "another tab", FIELDS)


def test_a_form_with_faults_changes_nothing(trial: Stage) -> None:
    ann = trial.person("ann")
    instance_id = trial.start(ann, "trial", {"who": "ann"})
    task_id = trial.task_id(ann, instance_id, "fill")
    with pytest.raises(FormRejected) as refused:
        _complete(trial, ann, task_id, "token", {"note": "", "amount_fen": "a lot"})
    assert set(refused.value.bound.errors) == {"note", "amount_fen"}
    assert trial.open(instance_id) == {"fill"}
    _complete(trial, ann, task_id, "token", FIELDS)  # the token was not used up


@pytest.mark.parametrize(
    "act", [claim_task, fetch_task, lambda e, a, t: complete_task(e, a, t, "x", MultiDict(FIELDS))]
)
def test_a_stranger_finds_no_task(trial: Stage, act: Callable[[Engine, Actor, str], object]) -> None:
    _, task_id = _open_check(trial)
    strangers = [
        trial.person("bob"),
        trial.staff("aud", "auditor"),
        trial.staff("unskilled", "platform_reviewer", frozenset({"result"})),
        Actor("ann", "platform", "platform_reviewer", frozenset({"platform_reviewer"}), frozenset({"content"})),
    ]  # the last one filled in the form himself
    for stranger in strangers:
        with pytest.raises(NotFound):
            act(trial.engine, stranger, task_id)
        assert list_tasks(trial.engine, stranger).rows == []
        assert count_tasks(trial.engine, stranger)["all"] == 0


def test_a_completed_task_is_unknown_to_strangers(trial: Stage) -> None:
    ann, bob = trial.person("ann"), trial.person("bob")
    instance_id = trial.start(ann, "trial", {"who": "ann"})
    task_id = trial.task_id(ann, instance_id, "fill")
    _complete(trial, ann, task_id, "token", FIELDS)
    with pytest.raises(NotFound):
        _complete(trial, bob, task_id, "mine", FIELDS)


def test_a_claimed_task_is_one_persons(trial: Stage) -> None:
    _, task_id = _open_check(trial)
    first, second = trial.staff("rev1", "platform_reviewer"), trial.staff("rev2", "platform_reviewer")
    claim_task(trial.engine, first, task_id)
    claim_task(trial.engine, first, task_id)
    with pytest.raises(TaskAlreadyClaimed):
        claim_task(trial.engine, second, task_id)
    with pytest.raises(TaskAlreadyClaimed):
        _complete(trial, second, task_id, "x", {"note": "mine"})
    with pytest.raises(TaskAlreadyClaimed):
        unclaim_task(trial.engine, second, task_id)
    unclaim_task(trial.engine, first, task_id)
    claim_task(trial.engine, second, task_id)
    assert count_tasks(trial.engine, second) == {"all": 1, "mine": 1, "group": 0, "late": 0}
    assert count_tasks(trial.engine, first) == {"mine": 0, "group": 0, "all": 1, "late": 0}


def test_of_many_who_complete_at_once_one_wins(trial: Stage) -> None:
    instance_id, task_id = _open_check(trial)
    reviewers = [trial.staff(f"rev{number}", "platform_reviewer") for number in range(8)]
    results: list[str] = []

    def run(actor: Actor) -> None:
        try:
            results.append(_complete(trial, actor, task_id, "token", {"note": actor.user_id}))
        except (TaskAlreadyCompleted, SubmissionConflict) as refused:
            results.append(refused.code)

    threads = [threading.Thread(target=run, args=(actor,)) for actor in reviewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(instance_id) == 1, results
    assert len(results) == 8
    assert trial.path(instance_id).count("check") == 1


def test_personal_fields_go_to_the_vault_and_kept_ones_stay_in_the_submission(trial: Stage) -> None:
    ann = trial.person("ann")
    instance_id = trial.start(ann, "trial", {"who": "ann"})
    trial.do(ann, instance_id, "fill", {**FIELDS, "phone": "13800001111", "remark": "only here"})
    data = trial.data(instance_id, "fill")
    assert "remark" not in data
    assert vault.is_reference(data["phone"])
    with trial.engine.database.read() as connection:
        assert vault.open_reference(connection, trial.engine.keys, data["phone"]) == "13800001111"
        assert connection.scalar(select(vault_item.c.subject_id)) == "ann"
        content = connection.scalar(select(submission.c.content).where(submission.c.element == "fill"))
        rows = read_stream(connection, instance_id)
    assert isinstance(content, dict)
    assert content["remark"] == "only here"
    assert "13800001111" not in repr(content)
    assert "13800001111" not in repr(rows)


def test_the_inbox_pages_by_key_and_sorts_by_due_date(trial: Stage) -> None:
    ann, reviewer = trial.person("ann"), trial.staff("rev", "platform_reviewer")
    for number in range(7):
        instance_id = trial.start(ann, "trial", {"who": "ann"})
        trial.do(ann, instance_id, "fill", FIELDS)
        trial.clock.advance(minutes=number)
    seen: list[str] = []
    after = None
    while True:
        page = list_tasks(trial.engine, reviewer, after=after, limit=3)
        seen += [row.id for row in page.rows]
        dues = [row.due_at for row in page.rows]
        assert dues == sorted(dues, key=lambda due: due.isoformat() if due else "")
        after = page.after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 7
    trial.clock.advance(days=1)
    assert count_tasks(trial.engine, reviewer)["late"] == 7
