"""The proof: intact as long as nothing was touched, and the first broken record named when something was."""

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text, update

from engine.commands.work import settle
from engine.definitions.catalogue import Catalogue
from engine.runtime.engine import Engine
from engine.services.checkpoints.jobs import schedule_checkpoints
from engine.services.ledger import rules
from engine.services.ledger.rules import Book, Origin
from engine.services.ledger.tables import account, journal
from engine.services.verification import count_rows
from engine.storage.columns import metadata
from engine.storage.database import UnitOfWork
from engine.storage.tables import history, submission
from tests.support.clock import ManualClock
from tests.web.analyst.desk import deploy_trial, run_case, sit_down
from tests.web.visitor import Visitor, register
from web.auditor.case import TABS
from web.texts import catalogue, text_in

ENGINE = Path(__file__).parents[3] / "engine"


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


def test_damaged_triggers_are_told_in_words(auditor: Visitor, engine: Engine, case: str) -> None:
    """They belong to the ledger as a whole, which is no record."""
    tamper(engine)
    found = list_findings(auditor.send("/verify", {}, page="/verify").text)
    assert [row for row, _ in found] == ["账目"]
    assert "账目不变量 I12 被破坏：分录不可更改。" in found[0][1]
    assert "技术细节（英文）" in found[0][1]
    auditor.send("/preferences", {"language": "en"}, page="/cases")
    found = list_findings(auditor.send("/verify", {}, page="/verify").text)
    assert [row for row, _ in found] == ["Ledger"]
    assert "Invariant I12 of the ledger is broken: Entries cannot be changed." in found[0][1]


def test_a_broken_record_leads_to_its_case(auditor: Visitor, engine: Engine, case: str) -> None:
    tamper(
        engine,
        update(history).where(history.c.stream == case, history.c.seq == 2).values(actor_id="somebody"),
        update(submission).where(submission.c.element == "fill").values(content={"note": "螺丝松掉"}),
        update(history).where(history.c.stream == "system:deployments").values(actor_id="somebody"),
    )
    for page in (auditor.get(f"/cases/{case}/proof").text, auditor.send("/verify", {}, page="/verify").text):
        links = re.findall(r'<a class="link mono xs" href="([^"]+)">([^<]+)</a>', page)
        assert {(url, row) for url, row in links if row == f"{case}/2"} == {(f"/cases/{case}?at=2", f"{case}/2")}
        assert f"/cases/{case}" in {url for url, _ in links}  # of the submission
        assert {auditor.get(url).status_code for url, _ in links} == {200}
    assert "system:deployments/1" in page
    assert not any(row.startswith("system:") for _, row in links)


def test_a_broken_entry_leads_to_its_page(auditor: Visitor, engine: Engine, case: str) -> None:
    ben = register(engine, "ben", "本", "Ben")
    origin = Origin("top", engine.clock(), "ben", "", None, None)
    engine.database.transact(
        lambda unit: rules.top_up(
            Book(unit.connection, engine.keys, origin), provider="sim", party_id=ben, amount_fen=80000, provider_ref="r"
        )
    )
    tamper(engine, update(journal).values(actor_id="eve"), update(account).values(balance_fen=1))
    page = auditor.send("/verify", {}, page="/verify").text
    urls = set(re.findall(r'<a class="link mono xs" href="([^"]+)"', page))
    assert {url.split("/")[2] for url in urls} == {"entries", "accounts"}
    assert {auditor.get(url).status_code for url in urls} == {200}


def test_whatever_was_put_where_a_name_belongs_is_told(auditor: Visitor, engine: Engine, case: str) -> None:
    """The damaged rows themselves are looked up; text that is no UTF-8 and numbers beyond measure are among them."""
    tamper(
        engine,
        text("UPDATE submission SET instance_id = CAST(x'ff41' AS TEXT)"),
        text("UPDATE submission SET token = x'ff'"),
        text(f"UPDATE history SET seq = seq + 9000000000000000000 WHERE stream = '{case}'"),
    )
    page = auditor.send("/verify", {}, page="/verify")
    assert page.status_code == 200
    assert {row.split(" ")[0] for row, _ in list_findings(page.text)} >= {"历史记录", "提交的表单"}


def test_whatever_a_verification_can_find_has_words(engine: Engine) -> None:
    """Findings name their table, those of the ledger their invariant as well; both stand in the sources."""
    named = list_names((ENGINE / "services" / "verification").glob("*.py"))
    with engine.database.read() as connection:
        tables = (named & metadata.tables.keys()) - {"party"} | count_rows(connection).keys()  # a fact of events
    assert {"deployment", "history", "instance", "journal", "keyframe", "pin_set", "posting", "vault_item"} <= tables
    invariants = {one for one in list_names([ENGINE / "services/ledger/checks.py"]) if re.fullmatch(r"I\d+", one)}
    assert {"I1", "I12", "I14"} <= invariants
    keys = {f"verify.{part}.{table}" for table in (*tables, "ledger") for part in ("table", "wrong")}
    keys |= {f"invariant.{one}" for one in invariants}
    assert sorted(keys - set(catalogue())) == []


def list_names(paths: Iterable[Path]) -> set[str]:
    """Every word between quotes in the sources."""
    return {name for path in paths for name in re.findall(r'"(\w+)"', path.read_text(encoding="utf-8"))}


def list_findings(page: str) -> list[tuple[str, str]]:
    """Record and words of each finding, without tags."""
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', page, re.DOTALL)
    return [(strip(record), strip(words)) for record, words in rows]


def strip(part: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


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
