"""The proof: intact as long as nothing was touched, and the first broken record named when something was."""

import sqlite3
from contextlib import closing

import pytest
from flask import Flask
from sqlalchemy import update

from engine.commands.work import settle
from engine.definitions.catalogue import Catalogue
from engine.runtime.engine import Engine
from engine.services.checkpoints.jobs import schedule_checkpoints
from engine.storage.database import UnitOfWork
from engine.storage.tables import history, submission
from tests.support.clock import ManualClock
from tests.web.analyst.desk import deploy_trial, run_case, sit_down
from tests.web.visitor import Visitor, register
from web.auditor.case import TABS
from web.texts import text_in


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


ROW = "stream = :case AND seq = 2"
DAMAGES = {
    "a row deleted": ("history", f"DELETE FROM history WHERE {ROW}"),
    "the first row deleted": ("history", "DELETE FROM history WHERE stream = :case AND seq = 1"),
    "all rows deleted": ("history", "DELETE FROM history WHERE stream = :case"),
    "the case deleted": ("instance", "DELETE FROM instance WHERE id = :case"),
    "events of rubbish": ("history", f"UPDATE history SET events = x'00ff' WHERE {ROW}"),
    "events of text": ("history", f"UPDATE history SET events = 'nothing' WHERE {ROW}"),
    "no instant": ("history", f"UPDATE history SET at = 'soon' WHERE {ROW}"),
    "no pins": ("pin_set", "UPDATE pin_set SET pins = '[]'"),
    "pins deleted": ("pin_set", "DELETE FROM pin_set"),
    "no diagram": ("definition", "UPDATE definition SET content = x'00'"),
    "no form": ("submission", "UPDATE submission SET content = '{' WHERE instance_id = :case"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_case_that_cannot_be_read_any_more_shows_what_was_found(
    app: Flask, auditor: Visitor, engine: Engine, case: str, damage: str
) -> None:
    table, statement = DAMAGES[damage]
    tamper(engine)
    with closing(sqlite3.connect(engine.settings.data_dir / "baton.db", isolation_level=None)) as connection:
        connection.execute(statement, {"case": case})  # without looking at foreign keys
    engine.catalogue = Catalogue()  # as after a start
    for side in (*TABS, "timeline?at=1"):
        answer = auditor.get(f"/cases/{case}/{side}")
        assert answer.status_code == 200, side
    assert "完整：没有记录被改动" not in answer.text
    proof = auditor.get(f"/cases/{case}/proof").text
    assert text_in("zh", f"verify.wrong.{table}") in proof
    person = Visitor(app)
    register(engine, "eve")
    person.sign_in("eve")
    assert person.get(f"/cases/{case}/proof").status_code == 403


def test_a_fault_of_an_intact_case_stays_one(
    auditor: Visitor, engine: Engine, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.auditor.case.fetch_case", None)
    assert auditor.get(f"/cases/{case}/proof").status_code == 500
