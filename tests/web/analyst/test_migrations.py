"""The pages of a migration: a plan is made, verdicts are read, cases are moved and put back, without scripts."""

import re

import pytest
from flask import Flask

from engine.commands.deployments import deploy
from engine.commands.tasks import claim_task
from engine.commands.work import settle
from engine.language.model import FLOW_NODES
from engine.queries.definitions import list_definitions
from engine.queries.inbox import list_tasks
from engine.queries.migrations import list_migrations
from engine.runtime.engine import Engine
from engine.storage.actor import PLATFORM, Actor
from tests.support.clock import ManualClock
from tests.support.stage import BOSS
from tests.web.analyst.desk import DIAGRAM, deploy_trial, drawn_trial, run_case, sit_down
from tests.web.visitor import Visitor
from web.texts import catalogue, text_in

CHECKER = Actor("rea", PLATFORM, "platform_reviewer", frozenset({"platform_reviewer"}), frozenset({"content"}))
PLACED = re.compile(r'name="case" value="([^"]+)"')


def find_version(engine: Engine) -> str:
    return next(row.id for row in list_definitions(engine) if row.key == "trial")


def press(visitor: Visitor, page: str, verb: str, **fields: str) -> int:
    """Presses a button of the page of a plan."""
    return visitor.send(f"{page}/{verb}", fields, page=page).status_code


def rename_check(engine: Engine) -> str:
    """Deploys a version in which `check` is called `approve`; gives it."""
    xml = drawn_trial()[DIAGRAM].decode()
    changed = re.sub(r"\bcheck\b(?! 中)", "approve", xml).replace("gw_large_to_check", "gw_large_to_approve")
    deploy(engine, BOSS, {DIAGRAM: changed.replace("check_to_done", "approve_to_done").encode()})
    return find_version(engine)


@pytest.fixture
def moving(app: Flask, engine: Engine, clock: ManualClock) -> tuple[Visitor, str, str]:
    """An analyst, the version a case runs on that waits at `check`, and the new one."""
    deploy_trial(engine)
    run_case(engine, clock)
    first = find_version(engine)
    return sit_down(app, engine, "analyst"), first, rename_check(engine)


def test_from_the_plan_to_the_moved_case_and_back(engine: Engine, moving: tuple[Visitor, str, str]) -> None:
    visitor, first, second = moving
    page = f"/definitions/{first}/migrate"
    assert f'href="{page}"' in visitor.get(f"/definitions/{first}").text
    shown = visitor.get(page).text
    assert '<select class="input" id="as-1" name="as:trial/check">' in shown
    assert "1 个任务在等待" in shown
    plan = {"source": first, "target": second, "token": "a" * 32}
    made = visitor.send(page, plan, page=page)
    assert made.status_code == 303
    settle(engine)
    told = visitor.get(made.location).text
    assert "被阻止" in told
    assert "停在“check 中”，目标版本没有它。" in told
    assert PLACED.findall(told) == []

    made = visitor.send(page, {**plan, "token": "b" * 32, "as:trial/check": "approve"}, page=page)
    settle(engine)
    told = visitor.get(made.location).text
    assert "迁移可迁移的 1 个" in told
    (case,) = PLACED.findall(told)
    assert (
        visitor.send(f"{made.location}/run", {"scope": "picked", "case": case}, page=made.location).status_code == 303
    )
    assert "迁移中" in visitor.get(made.location).text
    assert press(visitor, made.location, "pause") == 303
    assert "已暂停" in visitor.get(made.location).text
    assert press(visitor, made.location, "resume") == 303
    settle(engine)
    assert press(visitor, made.location, "pause") == 409
    told = visitor.get(made.location).text
    assert "全部撤回（1 个）" in told
    assert press(visitor, made.location, "revert", scope="all") == 303
    settle(engine)
    assert "已撤回" in visitor.get(made.location).text
    assert visitor.get("/migrations").text.count("1 个实例") == 2


def test_only_analysts_and_only_what_fits(app: Flask, engine: Engine, moving: tuple[Visitor, str, str]) -> None:
    visitor, first, second = moving
    page = f"/definitions/{first}/migrate"
    wrong = {"source": first, "target": second, "token": "c" * 32, "as:trial/check": "nowhere"}
    assert visitor.send(page, wrong, page=page).status_code == 422
    assert visitor.send(page, {"target": second}, page=page).status_code == 422
    assert visitor.get(f"/migrations/{'d' * 32}").status_code == 404
    auditor = sit_down(app, engine, "auditor")
    assert auditor.get(page).status_code == auditor.get("/migrations").status_code == 403
    assert auditor.send(page, wrong, page="/menu").status_code == 403


def test_a_filter_nobody_can_read_makes_no_plan_and_the_form_stays_as_it_is(
    engine: Engine, moving: tuple[Visitor, str, str]
) -> None:
    visitor, first, second = moving
    page = f"/definitions/{first}/migrate"
    plan = {"source": first, "target": second, "as:trial/check": "", "q": "螺丝"}
    for name, typed in (
        *(("least", typed) for typed in ("abc", "1e30", "-5", "1900 人", "1,90")),
        *(("to", typed) for typed in ("9999-12-31", "0001-01-01", "soon")),
    ):
        refused = visitor.send(page, {**plan, name: typed}, page=page)
        assert refused.status_code == 422
        assert f'name="{name}" type="{"date" if name == "to" else "text"}" value="{typed}"' in refused.text
        assert f'id="m-{name}-error"' in refused.text
        assert 'name="q" type="search" value="螺丝"' in refused.text
        assert '<option value="approve" selected>' not in refused.text, "what was said to be gone stays so"
    assert list_migrations(engine, BOSS) == []
    for typed in ("1，900", "1900元", "¥1,900.00", "￥1900", "１９００"):
        assert visitor.send(page, {**plan, "least": typed}, page=page).status_code == 303
    assert {row.filters.least_fen for row in list_migrations(engine, BOSS)} == {190_000}


def test_what_does_not_fit_is_named_at_its_field(moving: tuple[Visitor, str, str]) -> None:
    visitor, first, second = moving
    page = f"/definitions/{first}/migrate"
    refused = visitor.send(page, {"target": second}, page=page)
    assert refused.status_code == 422
    assert "请至少选择一个现在的版本。" in refused.text
    assert f'name="source" value="{first}" checked' not in refused.text
    twice = {"source": first, "target": second, "as:trial/check": "approve", "as:trial/fill": "approve"}
    refused = visitor.send(page, twice, page=page)
    assert (refused.status_code, "“check 中”不能对应" in refused.text) == (422, True)


def test_comparing_keeps_what_is_filled_in_and_no_token_goes_into_the_address(
    moving: tuple[Visitor, str, str],
) -> None:
    visitor, first, second = moving
    page = f"/definitions/{second}/migrate"
    filled = {"source": first, "target": first, "token": "e" * 32, "q": "螺丝", "compare": "1", "as:trial/check": ""}
    shown = visitor.send(page, filled, page=page)
    assert shown.status_code == 303
    assert "token" not in shown.location
    compared = visitor.get(shown.location).text
    assert "目标版本都有" in compared
    assert 'name="q" type="search" value="螺丝"' in compared
    assert '<details class="panel" open>' in compared
    assert '<details class="panel">' in visitor.get(f"{page}?source={first}").text


def test_a_button_that_does_nothing_says_so_and_none_stands_where_nothing_can_go(
    engine: Engine, moving: tuple[Visitor, str, str]
) -> None:
    visitor, first, second = moving
    page = f"/definitions/{first}/migrate"
    blocked = visitor.send(page, {"source": first, "target": second}, page=page).location
    made = visitor.send(page, {"source": first, "target": second, "as:trial/check": "approve"}, page=page).location
    settle(engine)
    assert "迁移勾选的" not in visitor.get(blocked).text
    assert "迁移勾选的" in visitor.get(made).text
    answer = visitor.send(f"{made}/run", {"scope": "picked"}, page=made)
    assert "没有勾选任何实例" in visitor.get(answer.location).text
    assert "没有勾选" not in visitor.get(made).text
    answer = visitor.send(f"{made}/run", {"scope": "picked", "case": "f" * 32}, page=made)
    assert "没有可以迁移的实例" in visitor.get(answer.location).text
    (case,) = PLACED.findall(visitor.get(made).text)
    press(visitor, made, "run", scope="clean")
    settle(engine)
    assert "全部撤回（1 个）" in visitor.get(made).text
    claim_task(engine, CHECKER, next(row.id for row in list_tasks(engine, CHECKER).rows if row.instance_id == case))
    assert "撤回勾选的" not in (shown := visitor.get(made).text)
    assert "全部撤回" not in shown
    answer = visitor.send(f"{made}/revert", {"scope": "picked"}, page=made)
    assert "没有勾选任何实例" in visitor.get(answer.location).text
    refused = visitor.send(f"{made}/pause", {}, page=made)
    assert (refused.status_code, f'href="{made}"' in refused.text) == (409, True)


def test_reasons_lead_to_their_cases_and_elements_go_by_their_names(
    engine: Engine, moving: tuple[Visitor, str, str]
) -> None:
    visitor, first, second = moving
    page = f"/definitions/{first}/migrate"
    assert "用户任务" in (shown := visitor.get(page).text)
    assert "userTask" not in shown
    assert "用户任务" in visitor.get(f"/definitions/{first}?element=check").text
    made = visitor.send(page, {"source": first, "target": second, "element": "trial/check"}, page=page).location
    settle(engine)
    shown = visitor.get(made).text
    assert "等待于 <b>check 中</b>" in shown
    assert "trial/check" not in re.sub('href="[^"]*"', "", shown)
    (link,) = re.findall(r'href="([^"]*reason=gone[^"]*)#h-cases"', shown)
    narrowed = visitor.get(link.replace("&amp;", "&")).text
    assert '<a class="chip on" href="' in narrowed
    assert "停在“check 中”，目标版本没有它。<svg" in narrowed
    assert "没有这样的实例" not in narrowed
    assert "没有这样的实例" in visitor.get(f"{made}?reason=closed").text
    assert visitor.get(f"{made}?verdict=zzz&state=foo&told=bar").status_code == 200


def test_a_plan_that_means_no_case_leads_back_to_its_form_and_can_be_cancelled(
    engine: Engine, moving: tuple[Visitor, str, str]
) -> None:
    visitor, first, second = moving
    page = f"/definitions/{first}/migrate"
    filled = {"source": first, "target": second, "as:trial/check": "approve", "least": "9000", "to": "2030-01-31"}
    made = visitor.send(page, filled, page=page).location
    settle(engine)
    shown = visitor.get(made).text
    assert "没有符合条件的运行中的实例。" in shown
    assert "每个实例都有了结论" not in shown
    (again,) = re.findall(r'href="([^"]*/migrate\?[^"]*)"', shown)
    form = visitor.get(again.replace("&amp;", "&")).text
    for kept in ('value="9000.00"', 'value="2030-01-31"', f'value="{first}" checked', '"approve" selected'):
        assert kept in form
    assert press(visitor, made, "cancel") == 303
    assert "已取消" in visitor.get(made).text


def test_every_kind_of_element_has_a_name() -> None:
    assert {f"kind.{kind}" for kind in FLOW_NODES | {"process", "sequenceFlow"}} <= catalogue().keys()
    assert text_in("en", "migration.run.all", count=1) == "Move the differing one"
