"""A small process for the tests of scenarios: a form, an external service, a message, a signal, a reminder, a loop."""

from pathlib import Path
from zoneinfo import ZoneInfo

from engine.scenarios.definitions import Definitions
from engine.scenarios.model import Scenario
from engine.scenarios.reading import read_scenarios
from engine.scenarios.runner import Run, Runner
from tests.support.definitions import FILES, boundary, diagram, flow, message, node, note_form, service, timer, user

ERROR = '<bpmn:errorEventDefinition errorRef="e_no_stock"/>'
SIGNAL = '<bpmn:signalEventDefinition signalRef="g_holiday"/>'
CONDITION = "<bpmn:conditionExpression>amount_fen is not None and amount_fen &gt; 100</bpmn:conditionExpression>"
BEGINNING = """\
name: {zh: 试验, en: Trial}
process: trial
people:
  ann: person
  rita: {as: platform_reviewer, skills: [content]}
start:
  {by: ann, values: {who: ann, peer: x}}
"""


def small() -> Definitions:
    """`fill`, where a large amount goes to an external stock-taking; then `arrived` or a holiday; then the end."""
    body = (
        node("startEvent", "begun")
        + user("fill")
        + boundary("reminded", "fill", timer("PT1H"), interrupting=False)
        + node("endEvent", "end_reminded")
        + node("exclusiveGateway", "gw", default="gw_to_await").replace('name="gw 中"', 'name="金额大吗？"')
        + '<bpmn:sequenceFlow id="gw_to_await" name="否" baton:nameEn="No" sourceRef="gw" targetRef="await"/>'
        + f'<bpmn:sequenceFlow id="gw_to_count" name="是" baton:nameEn="Yes" sourceRef="gw" targetRef="count">'
        f"{CONDITION}</bpmn:sequenceFlow>"
        + service("count", "stock.count", "what=${note}", "counted=${counted}")
        + boundary("no_stock", "count", ERROR)
        + node("endEvent", "end_no_stock")
        + node("eventBasedGateway", "await")
        + node("intermediateCatchEvent", "arrived", message("goods.arrived"), baton__correlationKey="${who}")
        + node("intermediateCatchEvent", "holiday", SIGNAL)
        + node("endEvent", "end_arrived")
        + node("endEvent", "end_holiday")
        + flow("begun fill gw")
        + flow("reminded end_reminded")
        + flow("count await arrived end_arrived")
        + flow("await holiday end_holiday")
        + flow("no_stock end_no_stock")
    )
    files = diagram("trial", body.replace('baton:nameEn="gw"', 'baton:nameEn="Large?"'), "goods.arrived")
    declared = (
        b'<bpmn:error id="e_no_stock" name="NO_STOCK" errorCode="NO_STOCK"/>'
        b'<bpmn:signal id="g_holiday" name="holiday"/><bpmn:process '
    )
    (path, xml), *_ = files.items()
    return Definitions({**FILES, **note_form(), path: xml.replace(b"<bpmn:process ", declared)})


def read(folder: Path, text: str, definitions: Definitions, name: str = "trial") -> Scenario:
    """A scenario with this text."""
    folder = folder / "scenarios"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return read_scenarios([path], definitions, ZoneInfo("Asia/Shanghai"), folder.parent)[0]


def run(runner: Runner, folder: Path, text: str, name: str = "trial") -> Run:
    """How the scenario with this text goes."""
    return runner.run(read(folder, text, runner.definitions, name))
