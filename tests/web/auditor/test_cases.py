"""The auditor's desk: cases found, and each shown from every side."""

import re

import pytest
from flask import Flask
from sqlalchemy import update

from engine.commands.deployments import deploy
from engine.definitions.drawing import lay_out
from engine.runtime.engine import Engine
from engine.storage.actor import PLATFORM, Actor
from engine.storage.tables import instance
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, node, note_form, user
from tests.support.stage import BOSS, SKILLS, Stage
from tests.web.analyst.desk import deploy_trial, run_case, sit_down
from tests.web.visitor import Visitor, register

DUE = re.compile(r'<dt>到期</dt><dd>\s*<time[^>]* datetime="([^"]+)"')
SIDES = ("timeline", "data", "forms", "messages", "timers", "money", "work", "proof")


@pytest.fixture
def case(engine: Engine, clock: ManualClock) -> str:
    """A case that waits for its check; one of the values filled in was personal."""
    deploy_trial(engine)
    return run_case(engine, clock)


@pytest.fixture
def auditor(app: Flask, engine: Engine) -> Visitor:
    return sit_down(app, engine, "auditor")


def plain(page: str) -> str:
    """The text of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.parametrize(
    ("role", "status"), [("auditor", 200), ("platform_operator", 200), ("arbiter", 200), ("analyst", 403)]
)
def test_every_side_opens_for_those_who_may_read(app: Flask, engine: Engine, case: str, role: str, status: int) -> None:
    visitor = sit_down(app, engine, role)
    assert visitor.get("/cases").status_code == status
    assert {side: visitor.get(f"/cases/{case}/{side}").status_code for side in SIDES} == dict.fromkeys(SIDES, status)
    assert visitor.get(f"/cases/{case}/drawings/trial").status_code == status


def test_stranger_is_refused(app: Flask, engine: Engine, case: str) -> None:
    visitor = Visitor(app)
    assert visitor.get(f"/cases/{case}").status_code == 303
    register(engine, "eve")
    visitor.sign_in("eve")
    assert visitor.get(f"/cases/{case}").status_code == 403


def test_auditor_cannot_change_anything(app: Flask, auditor: Visitor, case: str) -> None:
    changing = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if str(rule.endpoint).startswith("auditor.") and "POST" in (rule.methods or ())
    ]
    assert changing == ["auditor.verify"]
    assert auditor.send("/definitions/upload", {"deploy": "1"}, page="/verify").status_code == 403


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("process=trial&status=active", True),
        ("status=completed", False),
        ("status=incident", False),
        ("party=An", True),
        ("party=Bob", False),
        ("element=check", True),
        ("element=fill", False),
        ("from=2026-11-23&to=2026-11-23", True),
        ("from=2026-11-24", False),
        ("to=2026-11-22", False),
        ("from=nonsense", True),
        ("from=1970-01-01&to=9998-12-31", True),
        ("from=0001-01-01", True),  # no day: its instant would lie before the first year
        ("to=9999-12-31", True),  # no day: there is none after it
        ("q=nothing+like+this", False),
    ],
)
def test_search(auditor: Visitor, case: str, query: str, is_found: bool) -> None:
    page = auditor.get(f"/cases?{query}").text
    assert (f"/cases/{case}" in page) is is_found
    assert ("没有符合条件的实例" in page) is not is_found


def test_long_lists_come_in_pages(
    auditor: Visitor, engine: Engine, clock: ManualClock, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.auditor.routes.PAGE_ROWS", 1)
    newer = run_case(engine, clock, "600.00")
    first = auditor.get("/cases?process=trial").text
    assert newer in first
    assert f'href="/cases/{case}"' not in first
    link = re.search(r'href="(/cases\?after=[^"]+)"', first)
    assert link is not None
    second = auditor.get(link[1].replace("&amp;", "&")).text
    assert f'href="/cases/{case}"' in second
    assert "下一页" in first
    assert "下一页" not in second


def test_a_search_that_stopped_early_goes_on_from_there(
    auditor: Visitor, engine: Engine, clock: ManualClock, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two cases are looked at for a page; two letters are looked for case by case."""
    for name in ("FIRST_REACH", "MAX_REACH", "MAX_LOOKED"):
        monkeypatch.setattr(f"engine.queries.cases.{name}", 1)
    newer = [run_case(engine, clock, amount) for amount in ("600.00", "700.00")]
    name_case(engine, case, "qz")
    stopped = auditor.get("/cases?q=qz").text
    assert "较新的实例中没有符合条件的" in stopped
    assert "之后开始的实例，更早的尚未查找" in stopped
    assert "下一页" not in stopped
    rest = auditor.get(find_only_link(stopped)).text
    assert f'href="/cases/{case}"' in rest
    assert "尚未查找" not in rest
    name_case(engine, newer[-1], "qz")
    some = auditor.get("/cases?q=qz").text
    assert f'href="/cases/{newer[-1]}"' in some
    assert f'href="/cases/{case}"' not in some
    assert f'href="/cases/{case}"' in auditor.get(find_only_link(some)).text


def name_case(engine: Engine, case: str, subject: str) -> None:
    named = update(instance).where(instance.c.id == case).values(subject_zh=subject, subject_en=subject)
    engine.database.transact(lambda unit: unit.connection.execute(named))


def test_cards_of_a_phone_say_what_a_case_is_about(auditor: Visitor, engine: Engine, case: str) -> None:
    numbered = update(instance).where(instance.c.id == case).values(business_key="HO-1", subject_zh="装订宣传册")
    engine.database.transact(lambda unit: unit.connection.execute(numbered))
    cards = auditor.get("/cases").text.partition("desk-cards")[2].partition("</ul>")[0]
    assert plain(cards.partition(">")[2]).startswith("HO-1 运行中 装订宣传册 ")


def find_only_link(page: str) -> str:
    """Where the search goes on."""
    links = re.findall(r'href="(/cases\?[^"]*after=[^"]+)"', page)
    assert len(links) == 1
    return str(links[0]).replace("&amp;", "&")


def test_diagram_shows_path_and_token(auditor: Visitor, case: str) -> None:
    page = auditor.get(f"/cases/{case}").text
    assert '"fill": "done"' in page
    assert '"check": "now"' in page
    assert '"gw_large_to_check": "done"' in page
    assert "gw_large_to_done" not in page
    assert b"bpmndi" in auditor.get(f"/cases/{case}/drawings/trial").data
    assert auditor.get(f"/cases/{case}/drawings/other").status_code == 404


def test_timeline_tells_who_did_what_with_old_and_new_values(auditor: Visitor, case: str) -> None:
    page = auditor.get(f"/cases/{case}/timeline").text
    told = plain(page)
    assert "办理完成：fill 中 安娜 · 自由职业者" in told
    assert "状态 运行中" in told
    assert "实例开始 安娜" in told
    assert "到达 check 中" in told
    assert "经过 金额大吗？" in told
    assert re.search(r"<dt>amount_fen</dt>.*?¥500\.00", page)
    assert "螺丝松动" in told


def test_old_values_stand_beside_the_new_ones(auditor: Visitor, engine: Engine, clock: ManualClock, case: str) -> None:
    reviewer = Actor("rev", PLATFORM, "platform_reviewer", frozenset({"platform_reviewer"}), SKILLS)
    Stage(engine, clock).do(reviewer, case, "check", {"note": "已复核", "amount_fen": "450.00"})
    page = auditor.get(f"/cases/{case}/timeline").text
    assert re.search(r'<span class="was">¥500\.00</span>.*?<span class="is">¥450\.00</span>', page)
    assert re.search(r'<span class="was">螺丝松动</span>.*?<span class="is">已复核</span>', page)
    assert "已结束" in page
    assert "结束时的数据" in auditor.get(f"/cases/{case}/data").text


def test_each_record_is_a_page_that_knows_nothing_later(auditor: Visitor, case: str) -> None:
    first = auditor.get(f"/cases/{case}?at=1").text
    assert '"fill": "now"' in first
    assert '"check"' not in first
    assert "第 1 / 2 条" in first
    assert "之后还有 1 条记录" in first
    assert "¥500.00" not in first
    assert f'href="/cases/{case}/data?at=1"' in first  # sides keep the moment
    assert f'href="/cases/{case}/timeline?at=2"' in first
    told = plain(auditor.get(f"/cases/{case}/data?at=1").text)
    assert "在此步骤的数据： fill 中" in told
    for wrong in ("0", "3", "-1"):
        assert auditor.get(f"/cases/{case}?at={wrong}").status_code == 404
    assert "第 2 / 2 条" in auditor.get(f"/cases/{case}?at=x").text


def test_filters_keep_each_other_and_the_moment(auditor: Visitor, case: str) -> None:
    page = auditor.get(f"/cases/{case}/timeline?at=2&element=fill&people=1&variable=%3Cb%3E").text
    assert f'href="/cases/{case}/timeline?at=2&amp;element=fill&amp;variable=%3Cb%3E"' in page  # without people
    assert "<b>" not in plain(page).replace("&lt;b&gt;", "")
    assert "到此刻为止没有符合条件的步骤" in page


def test_timeline_in_english_and_only_of_people(auditor: Visitor, case: str) -> None:
    auditor.send("/preferences", {"language": "en"}, page="/cases")
    page = plain(auditor.get(f"/cases/{case}/timeline?people=1").text)
    assert "Completed: fill Ann · Freelancer" in page
    assert "Case started Ann" in page
    assert "Passed Large amount?" in page


def test_personal_data_stay_hidden_on_every_side(auditor: Visitor, case: str) -> None:
    pages = [auditor.get(f"/cases/{case}/{side}").text for side in SIDES]
    pages += [auditor.get(f"/cases/{case}/{side}?at=2").text for side in ("timeline", "data", "forms")]
    assert not any("13800001234" in page for page in pages)
    assert "个人信息，已隐藏" in auditor.get(f"/cases/{case}/forms").text
    assert "个人信息，已隐藏" in auditor.get(f"/cases/{case}/timeline").text
    assert "个人信息，已隐藏" in auditor.get(f"/cases/{case}/data").text


def test_data_are_those_of_the_token(auditor: Visitor, case: str) -> None:
    page = plain(auditor.get(f"/cases/{case}/data").text)
    assert "在此步骤的数据： check 中" in page
    assert "amount_fen 新值 ¥500.00 #2" in page


def test_open_work_says_for_whom_since_and_until_when(auditor: Visitor, case: str) -> None:
    page = plain(auditor.get(f"/cases/{case}/work").text)
    assert "check 中 check 平台审核员 未认领" in page
    assert "今天 14:05" in page or "后" in page


def test_a_past_moment_says_whom_it_waited_for_and_until_when(
    auditor: Visitor, engine: Engine, clock: ManualClock
) -> None:
    """As it was said while the case stood there, members with their roles and working time among it."""
    body = node("startEvent", "begun") + node("endEvent", "done") + flow("begun accept approve done")
    roles, due = "enterprise_operator, enterprise_acceptor", "${'WT:P' + str(days) + 'D'}"
    body += user("accept", camunda__candidateUsers="${peer}", baton__memberRoles=roles, camunda__dueDate=due)
    body += user("approve", camunda__candidateGroups="platform_reviewer", camunda__dueDate="PT4H")
    drawn = {path: lay_out(xml) for path, xml in diagram("trial", body, variables="who peer days").items()}
    deploy(engine, BOSS, {**FILES, **note_form(), **drawn})
    stage = Stage(engine, clock)
    company = stage.organisation("晨星")
    operator = Actor(stage.person("ann").user_id, company, "enterprise_operator", frozenset({"enterprise_operator"}))
    case = stage.start(operator, "trial", {"who": operator.user_id, "peer": company, "days": 2})
    page = auditor.get(f"/cases/{case}").text
    assert read_waiting(page)["等谁"] == "晨星 验收人 · 晨星 企业经办人 未认领"
    assert DUE.findall(page) == ["2026-11-25T02:00:00+00:00"]
    clock.advance(minutes=5)
    stage.do(operator, case, "accept", {"note": "好"})
    assert read_waiting(auditor.get(f"/cases/{case}").text)["等谁"] == "平台审核员 未认领"
    page = auditor.get(f"/cases/{case}?at=1").text
    then = read_waiting(page)
    assert then["等谁"] == "晨星 验收人 · 晨星 企业经办人"
    assert then["到期"] == "11月25日 10:00"
    assert DUE.findall(page) == ["2026-11-25T02:00:00+00:00"]
    assert "晨星 验收人 · 晨星 企业经办人" in plain(auditor.get(f"/cases/{case}/work?at=1").text)


def read_waiting(page: str) -> dict[str, str]:
    """What the case waits for at the moment, by its labels."""
    part = page.partition('id="h-waits"')[2].partition("</section>")[0]
    return {plain(label): plain(told) for label, told in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", part, re.DOTALL)}


def test_form_is_shown_as_it_was_filled_in(auditor: Visitor, case: str) -> None:
    page = plain(auditor.get(f"/cases/{case}/forms").text)
    assert "说明 螺丝松动" in page
    assert "金额 ¥500.00" in page
    assert "安娜 · 自由职业者" in page


def test_unknown_case_is_not_found(auditor: Visitor) -> None:
    assert auditor.get("/cases/nothing").status_code == 404
