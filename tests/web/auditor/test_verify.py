"""The proof: intact as long as nothing was touched, and the first broken record named when something was."""

import pytest
from flask import Flask
from sqlalchemy import update

from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.services.checkpoints.jobs import schedule_checkpoints
from engine.storage.database import UnitOfWork
from engine.storage.tables import history, submission
from tests.support.clock import ManualClock
from tests.web.analyst.desk import deploy_trial, run_case, sit_down
from tests.web.visitor import Visitor


@pytest.fixture
def case(engine: Engine, clock: ManualClock) -> str:
    deploy_trial(engine)
    return run_case(engine, clock)


@pytest.fixture
def auditor(app: Flask, engine: Engine) -> Visitor:
    return sit_down(app, engine, "auditor")


def tamper(engine: Engine, *statements: object) -> None:
    """Somebody with the database in his hands: the triggers are dropped, then a row is changed."""

    def work(unit: UnitOfWork) -> None:
        names = unit.connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
        for name in names:
            unit.connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        for statement in statements:
            unit.connection.execute(statement)  # type: ignore[call-overload]  # any statement

    engine.database.transact(work)


def test_untouched_case_is_intact(auditor: Visitor, case: str) -> None:
    page = auditor.get(f"/cases/{case}/proof").text
    assert "完整：没有记录被改动" in page
    assert '<dt>历史记录</dt><dd class="num">2</dd>' in page


def test_changed_history_row_is_named(auditor: Visitor, engine: Engine, case: str) -> None:
    tamper(engine, update(history).where(history.c.stream == case, history.c.seq == 2).values(actor_id="somebody"))
    page = auditor.get(f"/cases/{case}/proof").text
    assert "完整：没有记录被改动" not in page
    assert f"{case}/2" in page
    assert "这条记录或它前面的链被改动" in page
    assert f"{case}/1" not in page


def test_changed_byte_of_a_submission_is_found_by_both_checks(auditor: Visitor, engine: Engine, case: str) -> None:
    tamper(engine, update(submission).where(submission.c.element == "fill").values(content={"note": "螺丝松掉"}))
    assert "提交的内容被改动或缺失" in auditor.get(f"/cases/{case}/proof").text
    page = auditor.send("/verify", {}, page="/verify").text
    assert "提交的内容被改动或缺失" in page
    assert "账目" in page  # the triggers are gone as well


def test_everything_is_verified_only_when_asked(auditor: Visitor, case: str) -> None:
    before = auditor.get("/verify").text
    assert "完整" not in before.partition("<main")[2].partition("</main>")[0].replace("完整性校验", "")
    after = auditor.send("/verify", {}, page="/verify")
    assert after.status_code == 200
    assert "完整：没有记录被改动" in after.text


def test_only_auditors_verify_everything(app: Flask, engine: Engine) -> None:
    assert sit_down(app, engine, "platform_operator").get("/verify").status_code == 403


def test_the_page_says_when_the_last_checkpoint_was_taken_and_of_how_many_chains(
    auditor: Visitor, engine: Engine, case: str
) -> None:
    assert "还没有检查点" in auditor.get("/verify").text
    schedule_checkpoints(engine)
    settle(engine)
    page = auditor.get("/verify").text
    assert "第 1 号" in page
    assert '<dt>其中的历史链</dt><dd class="num">3</dd>' in page
    assert "未设置接收处" in page
