"""What a new definition begins with: the least an editor can open."""

import orjson
from lxml import etree

from engine.definitions.catalogue import DECISION, FORM, PROCESS
from engine.language.model import BATON, BPMN, CAMUNDA

BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
TARGET = "http://baton.example/processes"
FORM_SCHEMA_VERSION = 19  # of form-js


def make_blank(kind: str, key: str, name_zh: str, name_en: str) -> bytes:
    """The file of a new process, form or decision table. Raises ValueError for any other kind."""
    if kind == PROCESS:
        return _blank_process(key, name_zh, name_en)
    if kind == DECISION:
        return _blank_table(key, f"{name_zh} / {name_en}")
    if kind == FORM:
        schema = {"type": "default", "schemaVersion": FORM_SCHEMA_VERSION, "id": key.rpartition("/")[2]}
        return orjson.dumps({**schema, "components": []}, option=orjson.OPT_INDENT_2)
    raise ValueError(f"Expected a process, a form or a decision table, but got {kind!r}")


def _blank_process(key: str, name_zh: str, name_en: str) -> bytes:
    """A start event, and its shape."""
    spaces = {"bpmn": BPMN, "bpmndi": BPMNDI, "dc": DC, "camunda": CAMUNDA, "baton": BATON}
    root = etree.Element(f"{{{BPMN}}}definitions", nsmap=spaces, id=f"{key}_definitions", targetNamespace=TARGET)
    process = etree.SubElement(root, f"{{{BPMN}}}process", id=key, name=name_zh, isExecutable="true")
    process.set(f"{{{BATON}}}nameEn", name_en)
    start = etree.SubElement(process, f"{{{BPMN}}}startEvent", id="start", name="开始")
    start.set(f"{{{BATON}}}nameEn", "Start")
    diagram = etree.SubElement(root, f"{{{BPMNDI}}}BPMNDiagram", id=f"{key}_diagram")
    plane = etree.SubElement(diagram, f"{{{BPMNDI}}}BPMNPlane", id=f"{key}_plane", bpmnElement=key)
    shape = etree.SubElement(plane, f"{{{BPMNDI}}}BPMNShape", id="start_shape", bpmnElement="start")
    etree.SubElement(shape, f"{{{DC}}}Bounds", x="160", y="160", width="36", height="36")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _blank_table(key: str, name: str) -> bytes:
    """One input, one output, no rule."""
    root = etree.Element(f"{{{DMN}}}definitions", nsmap={"dmn": DMN}, id=f"{key}_definitions", name=key)
    root.set("namespace", TARGET)
    decision = etree.SubElement(root, f"{{{DMN}}}decision", id=key, name=name)
    table = etree.SubElement(decision, f"{{{DMN}}}decisionTable", id=f"{key}_table", hitPolicy="FIRST")
    column = etree.SubElement(table, f"{{{DMN}}}input", id="input_1", label="输入 / Input")
    expression = etree.SubElement(column, f"{{{DMN}}}inputExpression", id="input_1_expression", typeRef="string")
    etree.SubElement(expression, f"{{{DMN}}}text").text = "input_value"
    etree.SubElement(table, f"{{{DMN}}}output", id="output_1", label="结果 / Result", name="result", typeRef="string")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
