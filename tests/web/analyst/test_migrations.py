"""The pages of a migration: a plan is made, verdicts are read, cases are moved and put back, without scripts."""

import re

import pytest
from flask import Flask

from engine.commands.deployments import deploy
from engine.commands.work import settle
from engine.queries.definitions import list_definitions
from engine.runtime.engine import Engine
from tests.support.clock import ManualClock
from tests.support.stage import BOSS
from tests.web.analyst.desk import DIAGRAM, deploy_trial, drawn_trial, run_case, sit_down
from tests.web.visitor import Visitor

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
