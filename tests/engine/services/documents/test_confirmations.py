"""The settlement confirmation sheet of a work task: what it adds up, who may have it, who confirms it."""

import pytest

from engine.runtime.errors import Forbidden, NotFound
from engine.services.documents.confirmations import confirm_sheet, find_consent
from engine.services.documents.issuing import CONFIRMATION, issue
from engine.services.verification import verify
from tests.processes.normal_task.hiring_out import HiringOut
from tests.support.stage import Stage


def test_a_sheet_of_a_task_that_has_ended_is_confirmed_by_the_enterprise(any_stage: Stage) -> None:
    work, engine = HiringOut(any_stage), any_stage.engine
    task_id = work.publish(fee_bearer="on_top")
    work.award(task_id, work.worker)
    with pytest.raises(NotFound):
        issue(engine, work.colleague, CONFIRMATION, task_id)  # not over
    case = work.confirm(task_id, work.worker)
    work.deliver(case, work.worker)
    work.approve(case)
    any_stage.do(work.colleague, case, "acceptance", {"acceptance_result": "accept"})
    any_stage.wait(days=20)
    sheet = issue(engine, work.colleague, CONFIRMATION, task_id)
    told = sheet.content
    assert (told["gross_fen"], told["fee_fen"], told["charged_fen"], told["net_fen"]) == (10_000, 600, 10_600, 10_000)
    lines = told["lines"]
    assert isinstance(lines, list)
    assert [(one["worker_id"], one["state"]) for one in lines if isinstance(one, dict)] == [("wang", "settled")]
    for stranger in (work.rival, work.worker):
        with pytest.raises(NotFound):
            issue(engine, stranger, CONFIRMATION, task_id)
    with pytest.raises(Forbidden):
        confirm_sheet(engine, work.operator, task_id)  # may publish, not confirm
    for _ in range(2):
        confirm_sheet(engine, work.finance, task_id)
        any_stage.wait(minutes=1)
    with engine.database.read() as connection:
        consent = find_consent(connection, sheet.id)
    assert consent is not None
    assert consent.user_id == "tom"
    assert issue(engine, work.finance, CONFIRMATION, task_id).sha256 == sheet.sha256
    assert [*verify(engine)] == []
