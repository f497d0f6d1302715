"""Files that come in through the browser: kept as drafts, and whatever is wrong with them answered in words."""

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from engine.queries.definitions import list_definitions
from engine.queries.drafts import list_drafts
from engine.runtime.engine import Engine
from tests.engine.definitions.intake.bombs import JSON, XML
from tests.engine.definitions.intake.foreign import PRODUCTS
from tests.web.analyst.desk import DIAGRAM, deploy_trial, drawn_trial, press, sit_down, upload
from tests.web.visitor import TOKEN, Visitor

# What the lint does with each of all bombs is tested there.
BOMBS = {
    **{
        f"{name}.bpmn": XML[name]
        for name in ("laughs in an attribute", "outside entity", "depth", "10 MB in an attribute")
    },
    **{f"{name}.dmn": XML[name] for name in ("laughs in a text", "5 MB")},
    **{f"{name}.form": JSON[name] for name in ("depth", "5 MB", "half a character")},
}
READABLE = re.compile("[\u4e00-\u9fff]{4}")


@pytest.fixture
def analyst(app: Flask, engine: Engine) -> Visitor:
    return sit_down(app, engine, "analyst")


def send(visitor: Visitor, method: str, address: str, body: bytes, **headers: str) -> TestResponse:
    """As the scripts of an editor do."""
    token = TOKEN.search(visitor.get("/menu").text)
    assert token is not None
    headers = {"X-CSRF-Token": token[1], "Accept": "application/json", **headers}
    return visitor.client.open(address, method=method, data=body, headers=headers, **visitor.options)


def test_a_foreign_diagram_is_kept_as_a_draft_and_opened(analyst: Visitor, engine: Engine) -> None:
    checked = upload(analyst, {"invoice.bpmn": PRODUCTS["camunda_7"]})
    assert "已自动补画" in checked.text
    assert 'name="deploy"' not in checked.text
    kept = press(analyst, checked, draft="1")
    (draft,) = list_drafts(engine)
    assert kept.status_code == 303
    assert kept.location.endswith(f"/drafts/{draft.id}")
    assert "service-topic-missing" in analyst.get(kept.location).text
    assert b"BPMNShape" in draft.content
    assert list_definitions(engine) == []
    again = press(analyst, upload(analyst, {"invoice.bpmn": PRODUCTS["camunda_7"]}), draft="1")
    assert "已有草稿 invoice，没有改动它" in again.text


def test_several_files_are_told_one_by_one(analyst: Visitor, engine: Engine) -> None:
    names = {"trial.bpmn": drawn_trial()[DIAGRAM], "page.bpmn": PRODUCTS["html"], "t.bpmn": PRODUCTS["choreography"]}
    page = press(analyst, upload(analyst, names), draft="1")
    assert "已建立 1 份草稿" in page.text
    assert "没有编辑器能打开这个文件" in page.text
    assert "文件中没有流程或决策表" in page.text
    assert [draft.key for draft in list_drafts(engine)] == ["trial"]


def test_a_file_without_shapes_is_deployed_with_a_drawing(analyst: Visitor, engine: Engine) -> None:
    deploy_trial(engine)
    bare = re.sub(rb"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", b"", drawn_trial()[DIAGRAM], flags=re.DOTALL)
    changed = bare.replace(b"PT4H", b"PT5H")
    assert press(analyst, upload(analyst, {"trial.bpmn": changed}), deploy="1").status_code == 303
    row = next(row for row in list_definitions(engine) if row.key == "trial")
    assert b"BPMNShape" in analyst.get(f"/definitions/{row.id}/file").data


def test_a_diagram_is_arranged_without_being_kept(analyst: Visitor, engine: Engine) -> None:
    answer = send(analyst, "POST", "/trials/layout", PRODUCTS["camunda_8"])
    assert answer.status_code == 200
    assert b"BPMNShape" in answer.data
    assert list_drafts(engine) == []
    refused = send(analyst, "POST", "/trials/layout", PRODUCTS["html"])
    assert refused.status_code == 422
    assert refused.json is not None
    assert refused.json["error"]["what"] == "无法排列，图没有改动"


@pytest.mark.parametrize("role", ["auditor", "platform_operator", "platform_reviewer"])
def test_only_analysts_bring_files_in(app: Flask, engine: Engine, role: str) -> None:
    stranger = sit_down(app, engine, role)
    assert stranger.send("/definitions/upload", {"draft": "1"}, page="/menu").status_code == 403
    assert send(stranger, "POST", "/trials/layout", PRODUCTS["camunda_8"]).status_code == 403
    assert list_drafts(engine) == []


def test_bombs_get_a_page_that_says_what_they_are(analyst: Visitor, engine: Engine) -> None:
    deploy_trial(engine)
    before = len(list_definitions(engine))
    for name, content in BOMBS.items():
        page = upload(analyst, {name: content})
        assert page.status_code == 200, name
        assert READABLE.search(page.text.partition('class="problems"')[2]), name
        for button in ("deploy", "draft"):
            answer = upload(analyst, {name: content}, **{button: "1"})
            assert answer.status_code == (422 if button == "deploy" else 200), (name, button)
            assert READABLE.search(answer.text), (name, button)
    assert len(list_definitions(engine)) == before
    assert list_drafts(engine) == []


def test_bombs_are_kept_out_of_drafts_by_size_alone(analyst: Visitor, engine: Engine) -> None:
    deploy_trial(engine)
    row = next(row for row in list_definitions(engine) if row.key == "trial")
    analyst.send("/drafts", {"definition": row.id}, page="/menu")
    (draft,) = list_drafts(engine)
    revision = draft.revision
    for name, content in BOMBS.items():
        answer = send(analyst, "PUT", f"/drafts/{draft.id}", content, **{"If-Match": str(revision)})
        assert answer.json is not None, name
        if answer.status_code == 413:
            assert READABLE.search(answer.json["error"]["what"]), name
            continue
        assert answer.status_code == 200, name
        revision = answer.json["revision"]
        assert any(found["severity"] == "error" for found in answer.json["findings"]), name
        assert analyst.get(f"/drafts/{draft.id}").status_code == 200, name
        assert analyst.get(f"/drafts/deploy?draft={draft.id}").status_code == 200, name
        assert send(analyst, "POST", "/trials/layout", content).status_code in (200, 413, 422), name
