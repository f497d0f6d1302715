"""A desk of the platform's people, and a small process with one case on it."""

import io
import re

from flask import Flask
from werkzeug.test import TestResponse

from engine.commands.deployments import deploy
from engine.definitions.drawing import lay_out
from engine.runtime.engine import Engine
from engine.services.identity.people import grant_role
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from tests.support.clock import ManualClock
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS, Stage
from tests.web.visitor import TOKEN, Visitor, register

DIAGRAM, FORM = "bpmn/trial/trial.bpmn", "forms/trial/note.form"
TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="t" namespace="t">
<decision id="fee" name="费率"><decisionTable id="t" hitPolicy="FIRST">
<input id="i" label="金额"><inputExpression id="x" typeRef="number"><text>amount_fen</text></inputExpression></input>
<output id="o" name="fee_bps" typeRef="number"/>
<rule id="r1"><description>小额</description><inputEntry id="a1"><text>&lt; 100</text></inputEntry>
<outputEntry id="b1"><text>500</text></outputEntry></rule>
<rule id="r2"><inputEntry id="a2"><text>-</text></inputEntry><outputEntry id="b2"><text>300</text></outputEntry></rule>
</decisionTable></decision></definitions>"""
KEPT = re.compile(r'name="content" value="([^"]*)"')
PATH = re.compile(r'name="path" value="([^"]*)"')


def drawn_trial() -> dict[str, bytes]:
    """The process `trial` of two tasks, with a drawing."""
    files = two_tasks()
    return {**files, DIAGRAM: lay_out(files[DIAGRAM])}


def deploy_trial(engine: Engine) -> None:
    """Deploys it, with a decision table beside it."""
    deploy(engine, BOSS, {**drawn_trial(), "bpmn/trial/fee.dmn": TABLE.encode()}, "the first of all")


def sit_down(app: Flask, engine: Engine, role: str) -> Visitor:
    """A visitor signed in as one of the platform's people."""
    grant_role(engine, SYSTEM, register(engine, role, "郑雯", "Zheng Wen"), PLATFORM, role)
    visitor = Visitor(app)
    visitor.sign_in(role)
    visitor.act_as(PLATFORM, role)
    return visitor


def run_case(engine: Engine, clock: ManualClock, amount: str = "500.00") -> str:
    """A case somebody has begun: filled in, and above 1.00 waiting for the check."""
    stage = Stage(engine, clock)
    person = register(engine, f"ann{amount}", "安娜", "Ann")
    ann = Actor(person, person, "individual", frozenset({"individual"}))
    instance_id = stage.start(ann, "trial", {"who": person, "peer": person})
    clock.advance(minutes=5)
    stage.do(ann, instance_id, "fill", {"note": "螺丝松动", "amount_fen": amount, "phone": "13800001234"})
    return instance_id


def upload(visitor: Visitor, files: dict[str, bytes], **fields: str) -> TestResponse:
    """Chooses files on the upload page and presses a button (`check` unless told otherwise)."""
    found = TOKEN.search(visitor.get("/definitions/upload").text)
    assert found is not None
    data: dict[str, object] = {"csrf_token": found[1], **(fields or {"check": "1"})}
    data["files"] = [(io.BytesIO(content), name) for name, content in files.items()]
    answer = visitor.client.post("/definitions/upload", data=data, **visitor.options)
    answer.request.environ["wsgi.input"].close()  # the client puts what is large into a temporary file
    return answer


def press(visitor: Visitor, page: TestResponse, **fields: str) -> TestResponse:
    """Sends the page that came back from a check, with its files, by another button."""
    token = TOKEN.search(page.text)
    assert token is not None
    data = {"csrf_token": token[1], "path": PATH.findall(page.text), "content": KEPT.findall(page.text), **fields}
    options = {"content_type": "multipart/form-data", **visitor.options}
    return visitor.client.post("/definitions/upload", data=data, **options)
