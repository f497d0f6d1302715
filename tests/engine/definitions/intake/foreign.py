"""Files as other products write them, made up here: each with the rules that say what is to be done, by element."""

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def bpmn(body: str, namespaces: str = "", prefix: str = "bpmn", root: str = "definitions") -> str:
    """A file whose BPMN elements have this prefix; in the body it is written `b:`."""
    name = f"{prefix}:" if prefix else ""
    own = f'xmlns:{prefix}="{MODEL}"' if prefix else f'xmlns="{MODEL}"'
    text = body.replace("<b:", f"<{name}").replace("</b:", f"</{name}")
    head = f'<{name}{root} {own} xmlns:xsi="{XSI}" {namespaces} id="d" targetNamespace="urn:foreign">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}{text}</{name}{root}>'


PLAIN = """<b:process id="order" name="订单" isExecutable="true">
  <b:startEvent id="begin" name="开始"/><b:task id="pack" name="打包"/><b:endEvent id="done" name="完成"/>
  <b:sequenceFlow id="f1" sourceRef="begin" targetRef="pack"/>
  <b:sequenceFlow id="f2" sourceRef="pack" targetRef="done"/>
</b:process>"""

CAMUNDA_7 = bpmn(
    """<b:process id="invoice" name="Invoice" isExecutable="true" camunda:historyTimeToLive="P30D">
  <b:extensionElements><camunda:executionListener class="com.acme.Audit" event="start"/></b:extensionElements>
  <b:startEvent id="begin" name="Invoice came" camunda:initiator="starter"/>
  <b:userTask id="approve" name="Approve invoice" camunda:assignee="${approver}" camunda:dueDate="${dateTime().plusDays(3).toDate()}">
    <b:extensionElements><camunda:taskListener class="com.acme.Mail" event="create"/>
      <camunda:formData><camunda:formField id="amount" type="long"/></camunda:formData></b:extensionElements>
  </b:userTask>
  <b:exclusiveGateway id="large" name="Large?"/>
  <b:serviceTask id="book" name="Book" camunda:class="com.acme.BookDelegate"/>
  <b:serviceTask id="archive" name="Archive" camunda:delegateExpression="${archiver}"/>
  <b:serviceTask id="pay" name="Pay" camunda:expression="#{bank.pay(execution, amount)}" camunda:resultVariable="receipt"/>
  <b:serviceTask id="notify" name="Notify"><b:extensionElements><camunda:connector>
    <camunda:connectorId>http-connector</camunda:connectorId></camunda:connector></b:extensionElements></b:serviceTask>
  <b:scriptTask id="sum" name="Sum" scriptFormat="groovy"><b:script>def total = amount * 1.19</b:script></b:scriptTask>
  <b:endEvent id="done" name="Done"/>
  <b:sequenceFlow id="f1" sourceRef="begin" targetRef="approve"/>
  <b:sequenceFlow id="f2" sourceRef="approve" targetRef="large"/>
  <b:sequenceFlow id="f3" sourceRef="large" targetRef="book">
    <b:conditionExpression xsi:type="b:tFormalExpression">${amount &gt; 1000 &amp;&amp; execution.getVariable("ok")}</b:conditionExpression></b:sequenceFlow>
  <b:sequenceFlow id="f4" sourceRef="large" targetRef="archive">
    <b:conditionExpression xsi:type="b:tFormalExpression">#{amount le 1000}</b:conditionExpression></b:sequenceFlow>
  <b:sequenceFlow id="f5" sourceRef="book" targetRef="archive"/><b:sequenceFlow id="f6" sourceRef="archive" targetRef="pay"/>
  <b:sequenceFlow id="f7" sourceRef="pay" targetRef="notify"/><b:sequenceFlow id="f8" sourceRef="notify" targetRef="sum"/>
  <b:sequenceFlow id="f9" sourceRef="sum" targetRef="done"/>
</b:process>""",
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"',
)

CAMUNDA_8 = bpmn(
    """<b:process id="loan" name="Loan" isExecutable="true">
  <b:startEvent id="begin" name="Asked for"/>
  <b:serviceTask id="score" name="Score"><b:extensionElements>
    <zeebe:taskDefinition type="score-customer" retries="3"/>
    <zeebe:ioMapping><zeebe:input source="=customer.id" target="id"/></zeebe:ioMapping></b:extensionElements></b:serviceTask>
  <b:userTask id="decide" name="Decide"><b:extensionElements><zeebe:userTask/>
    <zeebe:formDefinition formId="decide"/><zeebe:assignmentDefinition assignee="=clerk" candidateGroups="=&quot;loans&quot;"/>
  </b:extensionElements></b:userTask>
  <b:businessRuleTask id="rate" name="Rate"><b:extensionElements>
    <zeebe:calledDecision decisionId="rate" resultVariable="rate"/></b:extensionElements></b:businessRuleTask>
  <b:exclusiveGateway id="good" name="Good?" default="f5"/>
  <b:callActivity id="pay_out" name="Pay out"><b:extensionElements>
    <zeebe:calledElement processId="payout"/></b:extensionElements></b:callActivity>
  <b:endEvent id="done" name="Done"/>
  <b:sequenceFlow id="f1" sourceRef="begin" targetRef="score"/><b:sequenceFlow id="f2" sourceRef="score" targetRef="decide"/>
  <b:sequenceFlow id="f3" sourceRef="decide" targetRef="rate"/><b:sequenceFlow id="f3b" sourceRef="rate" targetRef="good"/>
  <b:sequenceFlow id="f4" sourceRef="good" targetRef="pay_out">
    <b:conditionExpression xsi:type="b:tFormalExpression">=score &gt; 500 and rate &lt; 3</b:conditionExpression></b:sequenceFlow>
  <b:sequenceFlow id="f5" sourceRef="good" targetRef="done"/><b:sequenceFlow id="f6" sourceRef="pay_out" targetRef="done"/>
</b:process>""",
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"',
)

FLOWABLE = bpmn(
    """<b:process id="leave" name="Leave" isExecutable="true" flowable:candidateStarterGroups="staff">
  <b:startEvent id="begin" name="Asked" flowable:formKey="leave"/>
  <b:userTask id="approve" name="Approve" flowable:assignee="${initiator}" flowable:candidateGroups="boss"/>
  <b:serviceTask id="mail" name="Mail" flowable:type="mail"><b:extensionElements>
    <flowable:field name="to"><flowable:string>a@b.c</flowable:string></flowable:field></b:extensionElements></b:serviceTask>
  <b:endEvent id="done" name="Done"/>
  <b:sequenceFlow id="f1" sourceRef="begin" targetRef="approve"/><b:sequenceFlow id="f2" sourceRef="approve" targetRef="mail"/>
  <b:sequenceFlow id="f3" sourceRef="mail" targetRef="done"/>
</b:process>""",
    'xmlns:flowable="http://flowable.org/bpmn"',
    prefix="",
)

SIGNAVIO = bpmn(
    """<b:collaboration id="c"><b:participant id="pool" name="Firm" processRef="sid-process"/>
  <b:participant id="customer" name="Customer"/></b:collaboration>
<b:process id="sid-process" name="Firm" processType="None">
  <b:extensionElements><signavio:signavioMetaData metaKey="bgcolor" metaValue="#ffffff"/></b:extensionElements>
  <b:startEvent id="sid-1" name=""/><b:task id="sid-2" name="Check it"><b:extensionElements>
    <signavio:signavioMetaData metaKey="bordercolor" metaValue="#000000"/></b:extensionElements></b:task>
  <b:intermediateThrowEvent id="sid-3" name="Told"/><b:endEvent id="sid-4" name=""/>
  <b:sequenceFlow id="sid-f1" sourceRef="sid-1" targetRef="sid-2"/><b:sequenceFlow id="sid-f2" sourceRef="sid-2" targetRef="sid-3"/>
  <b:sequenceFlow id="sid-f3" sourceRef="sid-3" targetRef="sid-4"/>
</b:process>""",
    'xmlns:signavio="http://www.signavio.com"',
    prefix="",
)

DRAWN_ONLY = bpmn(
    """<b:collaboration id="c"><b:participant id="p1" name="A" processRef="a"/><b:participant id="p2" name="B" processRef="b"/>
  <b:participant id="p3" name="Black box"/>
  <b:messageFlow id="m1" sourceRef="a2" targetRef="b1"/><b:messageFlow id="m2" sourceRef="p3" targetRef="a1"/></b:collaboration>
<b:process id="a" name="A" isExecutable="true"><b:startEvent id="a1" name="x"/><b:task id="a2" name="y"/><b:endEvent id="a3" name="z"/>
  <b:sequenceFlow id="fa1" sourceRef="a1" targetRef="a2"/><b:sequenceFlow id="fa2" sourceRef="a2" targetRef="a3"/></b:process>
<b:process id="b" name="B" isExecutable="false"><b:startEvent id="b1" name="x"/><b:task id="b2" name="y"/>
  <b:sequenceFlow id="fb1" sourceRef="b1" targetRef="b2"/></b:process>"""
)

CHOREOGRAPHY = bpmn(
    """<b:choreography id="ch"><b:participant id="p1" name="A"/><b:participant id="p2" name="B"/>
  <b:startEvent id="s"/><b:choreographyTask id="t" name="Order" initiatingParticipantRef="p1">
  <b:participantRef>p1</b:participantRef><b:participantRef>p2</b:participantRef></b:choreographyTask></b:choreography>"""
)

UNUSUAL = bpmn(
    """<b:import importType="http://www.w3.org/2001/XMLSchema" location="http://example.invalid/x.xsd" namespace="urn:x"/>
<b:itemDefinition id="item" structureRef="urn:x"/><b:message id="msg" name="paid" itemRef="item"/><b:resource id="res"/>
<b:globalTask id="g1" name="G"/><b:globalUserTask id="g2" name="G"/><b:category id="cat"/>
<b:process id="rare" name="Rare" isExecutable="true">
  <b:ioSpecification id="io"><b:inputSet id="is"/><b:outputSet id="os"/></b:ioSpecification>
  <b:property id="prop"/><b:startEvent id="begin" name="x"/>
  <b:adHocSubProcess id="adhoc" name="Ad hoc"><b:task id="any" name="Any"/></b:adHocSubProcess>
  <b:complexGateway id="complex" name="?"/>
  <b:intermediateThrowEvent id="undo" name="Undo"><b:compensateEventDefinition id="ced"/></b:intermediateThrowEvent>
  <b:intermediateThrowEvent id="jump" name="Jump"><b:linkEventDefinition id="led" name="L"/></b:intermediateThrowEvent>
  <b:userTask id="many" name="Many"><b:ioSpecification id="io2"><b:inputSet id="is2"/><b:outputSet id="os2"/></b:ioSpecification>
    <b:humanPerformer id="hp"><b:resourceRef>res</b:resourceRef></b:humanPerformer></b:userTask>
  <b:sequenceFlow id="f1" sourceRef="begin" targetRef="adhoc"/><b:sequenceFlow id="f2" sourceRef="adhoc" targetRef="complex"/>
  <b:sequenceFlow id="f3" sourceRef="complex" targetRef="undo"/><b:sequenceFlow id="f4" sourceRef="complex" targetRef="many"/>
  <b:sequenceFlow id="f5" sourceRef="undo" targetRef="jump"/>
  <b:group id="grp"/><b:dataStoreReference id="store" name="Store"/><b:dataObject id="do"/>
  <b:dataObjectReference id="dor" dataObjectRef="do"/><b:textAnnotation id="note"><b:text>Note</b:text></b:textAnnotation>
</b:process>"""
)

CMMN = """<?xml version="1.0"?><cmmn:definitions xmlns:cmmn="http://www.omg.org/spec/CMMN/20151109/MODEL" id="d">
<cmmn:case id="c"/></cmmn:definitions>"""
XPDL = """<?xml version="1.0"?><Package xmlns="http://www.wfmc.org/2008/XPDL2.1" Id="p"><WorkflowProcesses/></Package>"""
HTML = "<!doctype html><html><head><title>Sign in</title></head><body><p>Please sign in<br></body></html>"
OLD_BPMN = '<?xml version="1.0"?><definitions xmlns="http://schema.omg.org/spec/BPMN/2.0" id="d"><process id="p"/></definitions>'

PRODUCTS: dict[str, bytes] = {
    "camunda 7": CAMUNDA_7.encode(),
    "camunda 8": CAMUNDA_8.encode(),
    "flowable": FLOWABLE.encode(),
    "signavio": SIGNAVIO.encode(),
    "drawn only": DRAWN_ONLY.encode(),
    "choreography": CHOREOGRAPHY.encode(),
    "unusual": UNUSUAL.encode(),
    "cmmn": CMMN.encode(),
    "xpdl": XPDL.encode(),
    "html": HTML.encode(),
    "old bpmn": OLD_BPMN.encode(),
    "bpmn2 prefix": bpmn(PLAIN, prefix="bpmn2").encode(),
    "no prefix": bpmn(PLAIN, prefix="").encode(),
    "utf-16": bpmn(PLAIN).replace("UTF-8", "UTF-16").encode("utf-16"),
    "byte order mark": bpmn(PLAIN).encode("utf-8-sig"),
    "gb18030": bpmn(PLAIN).replace("UTF-8", "GB18030").encode("gb18030"),
    "wrong encoding": bpmn(PLAIN).encode("gb18030"),
    "zip": b"PK\x03\x04" + bytes(range(256)) * 20,
    "empty": b"",
    "json": b'{"type": "default"}',
    "unknown namespaces": bpmn(
        PLAIN.replace("<b:task", '<x:colour y:z="1"/><b:task x:depth="3"'), 'xmlns:x="urn:x" xmlns:y="urn:y"'
    ).encode(),
}
