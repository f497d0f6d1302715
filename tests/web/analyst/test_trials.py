"""Trying out forms and tables that are still being written."""

import json
from typing import Any

import pytest
from flask import Flask

from engine.queries.definitions import list_definitions
from engine.runtime.engine import Engine
from engine.storage.plain import PlainDict
from tests.web.analyst.desk import TABLE, sit_down
from tests.web.visitor import TOKEN, Visitor

FIELD = {"type": "textfield", "key": "reason", "label": "理由", "i18n": {"en": {"label": "Reason"}}}
ANSWER = {
    "type": "radio",
    "key": "answer",
    "label": "答复",
    "values": [{"value": "yes", "label": "同意"}, {"value": "no", "label": "不同意"}],
    "validate": {"required": True},
    "i18n": {"en": {"label": "Answer", "values": {"yes": "Agree", "no": "Object"}}},
}
FACTS = {
    "type": "baton:facts",
    "id": "about",
    "label": "订单",
    "rows": [{"value": "reward_fen", "label": "酬金"}],
    "i18n": {"en": {"label": "Order", "rows": {"reward_fen": "Reward"}}},
}


def write(*components: dict[str, Any]) -> str:
    return json.dumps({"type": "default", "components": components})


def try_form(visitor: Visitor, schema: str, **fields: str) -> PlainDict:
    answer = visitor.send("/trials/form", {"_schema": schema, "_language": "zh", **fields}, page="/menu")
    assert answer.status_code == 200
    assert isinstance(answer.json, dict)
    return answer.json


def send_json(visitor: Visitor, body: object) -> Any:
    token = TOKEN.search(visitor.get("/menu").text)
    assert token is not None
    headers = {"X-CSRF-Token": token[1]}
    return visitor.client.post("/trials/table", data=json.dumps(body), headers=headers, **visitor.options)


@pytest.fixture
def analyst(app: Flask, engine: Engine) -> Visitor:
    return sit_down(app, engine, "analyst")


@pytest.mark.parametrize("role", ["auditor", "platform_operator", "platform_reviewer"])
def test_only_analysts_try_things_out(app: Flask, engine: Engine, role: str) -> None:
    stranger = sit_down(app, engine, role)
    assert stranger.send("/trials/form", {"_schema": write(FIELD), "_language": "zh"}, page="/menu").status_code == 403
    assert send_json(stranger, {"content": TABLE}).status_code == 403


def test_form_is_rendered_as_in_a_task(analyst: Visitor) -> None:
    found = try_form(analyst, write(FIELD, FACTS))
    assert found["findings"] == []
    page = str(found["page"])
    assert '<html lang="zh-CN"' in page
    assert 'name="reason"' in page
    assert "理由" in page
    assert "<script" not in page
    english = str(try_form(analyst, write(FIELD, FACTS), _language="en")["page"])
    assert '<html lang="en"' in english
    assert "Reason" in english
    assert "理由" not in english


def test_data_of_a_case_can_be_given(analyst: Visitor) -> None:
    assert "¥12.30" in str(try_form(analyst, write(FACTS), _data='{"reward_fen": 1230}')["page"])
    answer = analyst.send("/trials/form", {"_schema": write(FACTS), "_language": "zh", "_data": "[]"}, page="/menu")
    assert answer.status_code == 400


def test_conditions_follow_what_is_filled_in(analyst: Visitor) -> None:
    schema = write(ANSWER, {**FIELD, "showWhen": 'answer == "no"'})
    assert 'name="reason"' not in str(try_form(analyst, schema)["page"])
    assert 'name="reason"' not in str(try_form(analyst, schema, answer="yes")["page"])
    assert 'name="reason"' in str(try_form(analyst, schema, answer="no")["page"])


def test_answers_are_checked_when_asked(analyst: Visitor) -> None:
    required = "此项必选，还没有选择"
    assert required not in str(try_form(analyst, write(ANSWER))["page"])
    assert required in str(try_form(analyst, write(ANSWER), _check="1")["page"])
    sound = str(try_form(analyst, write(ANSWER), _check="1", answer="yes")["page"])
    assert required not in sound
    assert "提交会被接受" in sound


def test_what_is_wrong_is_told_with_the_field(analyst: Visitor) -> None:
    found = try_form(analyst, write({**FIELD, "showWhen": "nothing"}, {"type": "iframe", "id": "frame"}))
    assert found["page"] is None
    assert found["findings"] == [
        {"element": "frame", "message": "应为已支持的组件类型，但类型是 iframe"},
        {"element": "reason", "message": "显示条件应只用本表单的字段，但用了 nothing"},
    ]
    assert try_form(analyst, "nonsense")["page"] is None
    refused = analyst.send("/trials/form", {"_schema": write(FIELD), "_language": "xx"}, page="/menu")
    assert refused.status_code == 400


def test_table_is_decided_in_the_sandbox(analyst: Visitor) -> None:
    answer = send_json(analyst, {"content": TABLE, "decision": "fee", "values": {"amount_fen": 50}})
    assert answer.json == {
        "findings": [],
        "tables": [{"key": "fee", "variables": ["amount_fen"]}],
        "outcome": {
            "key": "fee",
            "matched": ["r1"],
            "rows": [{"fee_bps": 500}],
            "result": {"fee_bps": 500},
            "required": [],
        },
    }
    assert send_json(analyst, {"content": TABLE}).json["outcome"] is None


def test_table_that_cannot_decide_says_why(analyst: Visitor) -> None:
    nothing = TABLE.replace("<text>-</text>", "<text>&gt; 1000</text>")
    outcome = send_json(analyst, {"content": nothing, "decision": "fee", "values": {"amount_fen": 500}}).json["outcome"]
    assert outcome == {"key": "fee", "matched": [], "rows": [], "result": None, "required": []}
    failing = TABLE.replace("<text>300</text>", "<text>1 / (amount_fen - 500)</text>")
    outcome = send_json(analyst, {"content": failing, "decision": "fee", "values": {"amount_fen": 500}}).json["outcome"]
    assert outcome["error"].startswith("fee：规则 2 的结果“fee_bps”：无法计算：")
    endless = TABLE.replace("<text>300</text>", "<text>len([x for x in range(10 ** 9) if x == -1])</text>")
    outcome = send_json(analyst, {"content": endless, "decision": "fee", "values": {"amount_fen": 500}}).json["outcome"]
    assert set(outcome) == {"error"}


def test_faults_of_a_table_are_told_with_their_place(analyst: Visitor) -> None:
    broken = send_json(analyst, {"content": TABLE.replace("&lt; 100", "today(")}).json
    assert (broken["tables"], broken["outcome"]) == ([], None)
    assert broken["findings"][0]["element"] == "a1"


@pytest.mark.parametrize(
    "body",
    [[], {}, {"content": 1}, {"content": TABLE, "values": []}, {"content": TABLE, "decision": "x", "values": {}}],
)
def test_request_that_makes_no_sense_is_refused(analyst: Visitor, body: object) -> None:
    assert send_json(analyst, body).status_code == 400


def test_trials_keep_nothing(analyst: Visitor, engine: Engine) -> None:
    try_form(analyst, write(FIELD), reason="x", _check="1")
    send_json(analyst, {"content": TABLE, "decision": "fee", "values": {"amount_fen": 1}})
    assert list_definitions(engine) == []
