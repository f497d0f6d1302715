"""Comments on a case: who may write and read them, and that they are kept under their author."""

import pytest
from sqlalchemy import select

from engine.commands.comments import CommentInvalid, add_comment
from engine.commands.deployments import deploy
from engine.queries.comments import list_comments
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound, SubmissionConflict
from engine.services.verification import verify
from engine.storage import vault
from engine.storage.changes import case_topic
from engine.storage.ids import new_id
from engine.storage.tables import comment
from tests.support.clock import ManualClock
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS, Stage


@pytest.fixture
def trial(any_engine: Engine, clock: ManualClock) -> Stage:
    deploy(any_engine, BOSS, two_tasks())
    return Stage(any_engine, clock)


def test_comments_are_read_by_who_takes_part_and_seen_by_auditors(trial: Stage) -> None:
    ann, bob = trial.person("ann"), trial.person("bob")
    instance_id = trial.start(ann, "trial", {"who": "ann"})
    trial.do(ann, instance_id, "fill", {"note": "hello", "amount_fen": "12.50"})
    reviewer, colleague = (trial.staff(name, "platform_reviewer") for name in ("rev", "dep"))
    auditor = trial.staff("aud", "auditor")
    task_id, token = trial.task_id(reviewer, instance_id, "check"), new_id()
    with trial.engine.database.read() as connection:
        before = len(read_stream(connection, instance_id))
    with trial.engine.changes.listen([case_topic(instance_id)]) as listener:
        for _ in range(2):  # a repetition writes nothing more
            add_comment(trial.engine, reviewer, task_id, token, "  照片里\r\n没有端口  ")
        assert listener.wait(0)
    for reader, is_own in ((reviewer, True), (colleague, False)):
        [one] = list_comments(trial.engine, reader, instance_id)
        assert (one.text, one.is_own, one.acting_role, one.element) == (
            "照片里\n没有端口",
            is_own,
            "platform_reviewer",
            "check",
        )
    [masked] = list_comments(trial.engine, auditor, instance_id)
    assert (masked.text, masked.by_zh) == (None, "")
    for stranger in (bob, trial.staff("pay", "platform_finance")):
        with pytest.raises(NotFound):
            list_comments(trial.engine, stranger, instance_id)
    with trial.engine.database.read() as connection:
        assert "端口" not in str(connection.execute(select(comment)).all())
        assert len(read_stream(connection, instance_id)) == before
    assert list(verify(trial.engine)) == []

    trial.engine.database.transact(lambda unit: vault.erase_subject(unit.connection, "rev"))
    assert list_comments(trial.engine, colleague, instance_id)[0].text is None


def test_comments_are_written_at_ones_own_task_only(trial: Stage) -> None:
    ann, bob = trial.person("ann"), trial.person("bob")
    instance_id = trial.start(ann, "trial", {"who": "ann"})
    task_id, token = trial.task_id(ann, instance_id, "fill"), new_id()
    for stranger in (bob, trial.staff("aud", "auditor")):
        with pytest.raises(NotFound):
            add_comment(trial.engine, stranger, task_id, new_id(), "hello")
    for text in ("", " \n ", "x" * 2001, "a\u202eb"):
        with pytest.raises(CommentInvalid):
            add_comment(trial.engine, ann, task_id, token, text)
    assert list_comments(trial.engine, ann, instance_id) == []
    add_comment(trial.engine, ann, task_id, token, "x" * 2000)
    other_id = trial.start(bob, "trial", {"who": "bob"})
    with pytest.raises(SubmissionConflict):
        add_comment(trial.engine, bob, trial.task_id(bob, other_id, "fill"), token, "mine")
