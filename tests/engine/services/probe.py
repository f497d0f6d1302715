"""Calls topics as a diagram does: a case with one service task, then a task to look at the result."""

from sqlalchemy import select

from engine.commands.deployments import deploy
from engine.commands.instances import start_instance
from engine.queries.inbox import list_tasks
from engine.runtime.engine import Engine
from engine.runtime.tasks import fetch_task
from engine.services.ledger.posting import balance_of
from engine.storage.actor import SYSTEM, Actor
from engine.storage.ids import new_id
from engine.storage.plain import Plain
from engine.storage.tables import incident

ANN = Actor("ann", "ann", "individual")
FORM = b'{"type": "default", "schemaVersion": 19, "id": "look", "components": []}'
DIAGRAM = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:baton="http://baton.example/schema/1.0/bpmn"
  targetNamespace="http://baton.example/test" id="test_definitions">
  <bpmn:process id="probe" name="测试" baton:nameEn="Probe" isExecutable="true" baton:startVariables="{inputs}">
    <bpmn:startEvent id="begun" name="开始" baton:nameEn="Begun" />
    <bpmn:sequenceFlow id="f1" sourceRef="begun" targetRef="probed" />
    <bpmn:serviceTask id="probed" name="调用" baton:nameEn="Call" camunda:topic="{topic}">
      <bpmn:extensionElements><camunda:inputOutput>{mapping}</camunda:inputOutput></bpmn:extensionElements>
    </bpmn:serviceTask><bpmn:sequenceFlow id="f2" sourceRef="probed" targetRef="look" />
    <bpmn:userTask id="look" name="查看" baton:nameEn="Look" camunda:formKey="probe/look" camunda:assignee="ann" />
    <bpmn:sequenceFlow id="f3" sourceRef="look" targetRef="done" />
    <bpmn:endEvent id="done" name="完成" baton:nameEn="Done" />
  </bpmn:process></bpmn:definitions>"""


class Incident(Exception):
    """The service task stopped."""


class Probe:
    """Calls topics one at a time, each in a case of its own, and gives the results that were asked for."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.instance_id = ""

    def call(self, topic: str, results: str, **inputs: Plain) -> list[Plain]:
        """Runs the topic; raises Incident with the message of the incident it opened."""
        mapping = "".join(f'<camunda:inputParameter name="{n}">${{{n}}}</camunda:inputParameter>' for n in inputs)
        mapping += "".join(
            f'<camunda:outputParameter name="{n}">${{{n}}}</camunda:outputParameter>' for n in results.split()
        )
        diagram = DIAGRAM.format(topic=topic, inputs=" ".join(inputs), mapping=mapping)
        deploy(self.engine, SYSTEM, {"bpmn/probe/probe.bpmn": diagram.encode(), "forms/probe/look.form": FORM})
        self.instance_id = start_instance(self.engine, ANN, "probe", inputs, new_id())
        with self.engine.database.read() as connection:
            messages = connection.execute(
                select(incident.c.message).where(incident.c.instance_id == self.instance_id)
            ).scalars()
            for message in messages:
                raise Incident(message)
        [row] = [row for row in list_tasks(self.engine, ANN).rows if row.instance_id == self.instance_id]
        data = fetch_task(self.engine, ANN, row.id).data
        return [data[name] for name in results.split()]

    def balance(self, code: str) -> int:
        """The balance of an account in fen."""
        with self.engine.database.read() as connection:
            return balance_of(connection, code)
