"""The analyst's desk: what is deployed, what was found in it."""

import json

import pytest
from flask import Flask

from engine.commands.deployments import DefinitionInvalid, deploy
from engine.queries.definitions import list_definitions
from engine.runtime.engine import Engine
from tests.support.clock import ManualClock
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS
from tests.web.analyst.desk import DIAGRAM, deploy_trial, drawn_trial, run_case, sit_down


def find_id(engine: Engine, key: str) -> str:
    return next(row.id for row in list_definitions(engine) if row.key == key)


@pytest.mark.parametrize(
    ("role", "listing", "uploading"),
    [("analyst", 200, 200), ("auditor", 200, 403), ("platform_operator", 200, 403), ("platform_reviewer", 403, 403)],
)
def test_who_may_look_and_who_may_deploy(app: Flask, engine: Engine, role: str, listing: int, uploading: int) -> None:
    deploy_trial(engine)
    visitor = sit_down(app, engine, role)
    page = f"/definitions/{find_id(engine, 'trial')}"
    assert [visitor.get(path).status_code for path in ("/definitions", page, f"{page}/file")] == [listing] * 3
    assert visitor.get("/definitions/upload").status_code == uploading
    assert visitor.send("/definitions/upload", {"check": "1"}, page="/menu").status_code == uploading


def test_list_shows_the_newest_version_and_its_instances(app: Flask, engine: Engine, clock: ManualClock) -> None:
    deploy_trial(engine)
    run_case(engine, clock)
    visitor = sit_down(app, engine, "analyst")
    page = visitor.get("/definitions").text
    assert "试验" in page
    assert "the first of all" in page
    assert '<td class="r">1</td><td class="r">1</td>' in page
    assert "trial/note" not in page
    assert "trial/note" in visitor.get("/definitions?kind=form").text
    assert "没有名称或键符合的定义" in visitor.get("/definitions?q=nothing").text


def test_process_is_drawn_with_its_findings_and_what_it_uses(app: Flask, engine: Engine) -> None:
    deploy(engine, BOSS, two_tasks())
    visitor = sit_down(app, engine, "analyst")
    process = find_id(engine, "trial")
    page = visitor.get(f"/definitions/{process}").text
    assert f'data-diagram="/definitions/{process}/file"' in page
    assert "drawing-missing" in page
    assert f'href="/definitions/{find_id(engine, "trial/note")}"' in page
    form = visitor.get(f"/definitions/{find_id(engine, 'trial/note')}").text
    assert f"/definitions/{process}?element=fill" in form


def test_finding_selects_its_element_on_the_diagram(app: Flask, engine: Engine) -> None:
    files = drawn_trial()
    files[DIAGRAM] = files[DIAGRAM].replace(b' baton:documentationEn="Fill it in."', b"", 1)
    deploy(engine, BOSS, files)
    visitor = sit_down(app, engine, "analyst")
    process = find_id(engine, "trial")
    page = visitor.get(f"/definitions/{process}").text
    assert '"fill": "chg"' in page
    assert f"/definitions/{process}?element=fill#drawing" in page
    chosen = visitor.get(f"/definitions/{process}?element=fill").text
    assert '"fill": "sel"' in chosen
    assert "已选中" in chosen


def test_diagram_says_how_many_tasks_wait_where(app: Flask, engine: Engine, clock: ManualClock) -> None:
    deploy_trial(engine)
    visitor, address = sit_down(app, engine, "analyst"), f"/definitions/{find_id(engine, 'trial')}"
    assert "停在那里" not in visitor.get(address).text
    for amount in ("500.00", "600.00"):
        run_case(engine, clock, amount)
    page = visitor.get(address).text
    assert '"check": 2' in page
    assert '"check": "h2"' in page
    assert "停在那里" in page


def test_older_version_says_that_it_is_not_checked(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    old = find_id(engine, "trial")
    deploy(engine, BOSS, {DIAGRAM: drawn_trial()[DIAGRAM].replace(b"PT4H", b"PT5H")}, "more time")
    visitor = sit_down(app, engine, "analyst")
    page = visitor.get(f"/definitions/{old}").text
    assert "只检查最新版本" in page
    assert "more time" in page
    assert b"PT4H" in visitor.get(f"/definitions/{old}/file").data


def test_form_is_previewed_by_the_server_and_cannot_be_sent(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    page = sit_down(app, engine, "analyst").get(f"/definitions/{find_id(engine, 'trial/note')}").text
    assert "<fieldset disabled" in page
    assert 'name="amount_fen"' in page


def test_decision_table_and_policy_are_tables(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    visitor = sit_down(app, engine, "analyst")
    table = visitor.get(f"/definitions/{find_id(engine, 'fee')}").text
    assert '<td class="mono">&lt; 100</td><td class="mono out">500</td><td class="dim">小额</td>' in table
    assert "FIRST" in table
    policy = visitor.get(f"/definitions/{find_id(engine, 'policy')}").text
    assert "answer_days" in policy
    assert "P2D" in policy


def test_file_comes_as_it_was_deployed(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    answer = sit_down(app, engine, "analyst").get(f"/definitions/{find_id(engine, 'trial')}/file")
    assert answer.data == drawn_trial()[DIAGRAM]
    assert answer.headers["Content-Disposition"] == "attachment; filename=trial.bpmn"


def test_unknown_definition_is_not_found(app: Flask, engine: Engine) -> None:
    assert sit_down(app, engine, "analyst").get("/definitions/nothing").status_code == 404


def test_the_calendar_of_the_company_is_shown_edited_and_checked(app: Flask, engine: Engine) -> None:
    days = {"opens": "08:30", "holidays": {"2026-12-31": "年会"}, "working_days": {"2027-01-02": "盘点"}}
    result = deploy(engine, BOSS, {"bpmn/shared/calendar.json": json.dumps(days).encode()})
    analyst = sit_down(app, engine, "analyst")
    page = analyst.get(f"/definitions/{result.definitions[0].id}").text
    assert all(words in page for words in ("08:30–18:00", "2026-12-31", "年会", "放假", "2027-01-02", "盘点", "上班"))
    assert "工作日历" in analyst.get("/definitions?kind=calendar").text
    opened = analyst.send("/drafts", {"definition": result.definitions[0].id}, page="/definitions?kind=calendar")
    assert "2026-12-31" in analyst.get(opened.location).text
    with pytest.raises(DefinitionInvalid) as refused:
        deploy(engine, BOSS, {"bpmn/shared/calendar.json": b'{"holidays": {"2026-02-30": "x"}}'})
    assert [(found.rule, found.element) for found in refused.value.findings] == [("calendar-invalid", "2026-02-30")]
