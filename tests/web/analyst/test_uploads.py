"""Uploading: checked before anything is deployed, all or nothing."""

import pytest
from flask import Flask

from engine.queries.definitions import list_definitions
from engine.runtime.engine import Engine
from tests.support.clock import ManualClock
from tests.web.analyst.desk import (
    DIAGRAM,
    FORM,
    PATH,
    deploy_trial,
    drawn_trial,
    press,
    run_case,
    sit_down,
    upload,
)
from web.analyst.uploads import suggest_path


def versions(engine: Engine) -> dict[str, int]:
    return {row.key: row.version for row in list_definitions(engine)}


def test_new_version_is_checked_then_deployed(app: Flask, engine: Engine, clock: ManualClock) -> None:
    deploy_trial(engine)
    run_case(engine, clock)
    visitor = sit_down(app, engine, "analyst")
    changed = drawn_trial()[DIAGRAM].replace(b"PT4H", b"PT5H")
    checked = upload(visitor, {"trial.bpmn": changed})
    assert checked.status_code == 200
    assert "v1 → v2" in checked.text
    assert "运行中的 1 个实例留在原版本" in checked.text
    assert versions(engine)["trial"] == 1
    done = press(visitor, checked, deploy="1", note="五小时")
    assert done.status_code == 303
    assert versions(engine) == {"trial": 2, "trial/note": 1, "policy": 1, "fee": 1}
    page = visitor.get(done.location).text
    assert "已部署，1 个定义有了新版本" in page
    assert "五小时" in page
    assert "下一个实例使用新版本" in page
    row = next(row for row in list_definitions(engine) if row.key == "trial")
    assert visitor.get(f"/definitions/{row.id}/file").data == changed


def test_broken_file_leaves_everything_as_it_was(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    visitor = sit_down(app, engine, "analyst")
    broken = drawn_trial()[DIAGRAM].replace(b'targetRef="fill"', b'targetRef="gone"')
    checked = upload(visitor, {"trial.bpmn": broken, "note.form": drawn_trial()[FORM].replace(b"50}", b"60}")})
    assert 'name="deploy"' not in checked.text
    assert "错误" in checked.text
    refused = press(visitor, checked, deploy="1")
    assert refused.status_code == 422
    assert "没有部署" in refused.text
    assert "flow-" in refused.text or "reference" in refused.text
    assert DIAGRAM in refused.text
    assert versions(engine) == {"trial": 1, "trial/note": 1, "policy": 1, "fee": 1}


def test_same_content_makes_no_version(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    visitor = sit_down(app, engine, "analyst")
    checked = upload(visitor, {"trial.bpmn": drawn_trial()[DIAGRAM]})
    assert "内容相同" in checked.text
    assert "没有新版本" in press(visitor, checked, deploy="1").text
    assert versions(engine)["trial"] == 1


def test_path_can_be_changed_and_a_file_taken_out(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    visitor = sit_down(app, engine, "analyst")
    checked = upload(visitor, {"note.form": drawn_trial()[FORM], "fee.txt": b"no definition"})
    assert PATH.findall(checked.text) == ["forms/trial/note.form", "bpmn/shared/fee.txt"]
    assert "file-unknown" in checked.text
    left = press(visitor, checked, remove="1")
    assert PATH.findall(left.text) == ["forms/trial/note.form"]
    assert press(visitor, left, deploy="1", path="forms/other/note.form").status_code == 303
    assert versions(engine)["other/note"] == 1


def test_chosen_file_replaces_the_kept_one_of_its_path(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    visitor = sit_down(app, engine, "analyst")
    checked = upload(visitor, {"trial.bpmn": b"<broken", "trial.form": b"{}"})
    assert len(PATH.findall(checked.text)) == 2
    again = upload(visitor, {"trial.bpmn": drawn_trial()[DIAGRAM]})
    assert PATH.findall(again.text) == [DIAGRAM]


@pytest.mark.parametrize("content", ["not base64!", "AAA"])
def test_field_nobody_of_ours_sends_is_refused(app: Flask, engine: Engine, content: str) -> None:
    visitor = sit_down(app, engine, "analyst")
    answer = visitor.send("/definitions/upload", {"path": DIAGRAM, "content": content}, page="/definitions/upload")
    assert answer.status_code == 400


def test_nothing_chosen_asks_for_files(app: Flask, engine: Engine) -> None:
    page = upload(sit_down(app, engine, "analyst"), {}, deploy="1")
    assert page.status_code == 200
    assert 'type="file"' in page.text


def test_paths_follow_the_names(engine: Engine) -> None:
    deploy_trial(engine)
    rows = list_definitions(engine)
    assert suggest_path("note.form", ["note.form"], rows) == "forms/trial/note.form"
    assert suggest_path("new.form", ["new.form"], rows) == "forms/shared/new.form"
    assert suggest_path("new.form", ["sixth.bpmn", "new.form"], rows) == "forms/sixth/new.form"
    assert suggest_path("fee.dmn", ["sixth.bpmn", "fee.dmn"], rows) == "bpmn/sixth/fee.dmn"
    assert suggest_path("policy.json", ["sixth.bpmn"], rows) == "bpmn/shared/policy.json"
