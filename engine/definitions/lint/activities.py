"""User, service, script and business rule tasks."""

from collections.abc import Iterator

from engine.definitions.lint.diagram import Diagram, Node, bpmn, text_of
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.language.suggest import suggest

MAX_CANDIDATE = 40
CANDIDATE_RULES = ("assignee", "candidateUsers", "candidateGroups")
SCRIPT_FORMATS = ("", "python", "text/x-python")
WITH_FORM = ("userTask", "startEvent")
DECISION_RESULTS = ("singleEntry", "singleResult", "collectEntries", "resultList")


@rule(
    "user-form-missing",
    "error",
    en="Expected a form on the user task {element}, but there is none: set camunda:formKey to <process>/<form>.",
    zh="用户任务 {element} 应有表单，但没有：请在 camunda:formKey 填写 <流程>/<表单>。",
)
def check_form(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Without a form nobody can complete the task (M10)."""
    for node in diagram.of_kind("userTask"):
        if not node.camunda("formKey"):
            yield problem(node)


@rule(
    "form-unknown",
    "error",
    en="Expected the form {form}, but it is neither in these files nor deployed{hint}: add it or correct the key.",
    zh="找不到表单 {form}{hint}：请添加该表单，或改正表单键。",
)
def check_form_known(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A task whose form is missing shows an error page to the person who opens it."""
    for node in diagram.of_kind(*WITH_FORM):
        form = node.camunda("formKey")
        if form and form not in project.form_keys:
            yield problem(node, form=form, hint=suggest(form, project.form_keys))


@rule(
    "user-candidate-missing",
    "error",
    en="Expected somebody who may do {element}, but there is no assignee, candidate or relation: "
    "set camunda:candidateGroups, camunda:assignee or baton:relation.",
    zh="应有人可以办理 {element}，但没有办理人、候选人或关系：请设置 candidateGroups、assignee 或 baton:relation。",
)
def check_candidates(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A task without a candidate rule appears in nobody's work list (M10)."""
    for node in diagram.of_kind("userTask"):
        if not any(map(node.camunda, CANDIDATE_RULES)) and not node.baton("relation"):
            yield problem(node)


@rule(
    "candidate-too-long",
    "error",
    en=f"Expected groups, users and skills of at most {MAX_CANDIDATE} characters, but {{element}} names {{name}}: "
    "shorten it.",
    zh=f"组、人员和技能的名称最多 {MAX_CANDIDATE} 个字符，但 {{element}} 写了 {{name}}：请缩短。",
)
def check_candidate_length(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """No role, person or skill has a longer name: the task would find nobody."""
    for node in diagram.of_kind("userTask"):
        texts = [*map(node.camunda, CANDIDATE_RULES), *map(node.baton, ("skill", "relation", "memberRoles"))]
        for name in (part.strip() for text in texts if not text.startswith("${") for part in text.split(",")):
            if len(name) > MAX_CANDIDATE:
                yield problem(node, name=name[:MAX_CANDIDATE] + "…")


@rule(
    "relation-unknown",
    "error",
    en="Expected a registered relation, but {relation} is none{hint}: correct it or register it.",
    zh="关系 {relation} 没有登记{hint}：请改正或登记。",
)
def check_relation(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A relation nobody registered finds no candidates: the task opens an incident."""
    known = project.registry.relations
    for node in diagram.of_kind("userTask") if known else ():
        relation = node.baton("relation")
        if relation and not relation.startswith("${") and relation not in known:
            yield problem(node, relation=relation, hint=suggest(relation, known))


@rule(
    "member-role-unknown",
    "error",
    en="Expected baton:memberRoles of {element} to name roles in an organisation, but {role} is none{hint}: "
    "correct it.",
    zh="{element} 的 baton:memberRoles 应为组织内的角色，但 {role} 不是{hint}：请改正。",
)
def check_member_roles(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A role that no member can hold finds nobody in the organisation."""
    known = project.registry.member_roles
    for node in diagram.of_kind("userTask") if known else ():
        roles = node.baton("memberRoles")
        for role in (part.strip() for part in roles.split(",") if not roles.startswith("${")):
            if role and role not in known:
                yield problem(node, role=role, hint=suggest(role, known))


@rule(
    "member-roles-alone",
    "error",
    en="Expected baton:memberRoles of {element} beside candidates, an assignee or a relation, but there is none: "
    "set camunda:candidateUsers to the organisation whose members may do it.",
    zh="{element} 的 baton:memberRoles 应与候选人、办理人或关系一起填写，但都没有：请在 candidateUsers 填写组织。",
)
def check_member_roles_alone(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Roles only narrow which members of a named organisation may act; groups are of the platform."""
    for node in diagram.of_kind("userTask"):
        has_party = node.camunda("assignee") or node.camunda("candidateUsers") or node.baton("relation")
        if node.baton("memberRoles") and not has_party:
            yield problem(node)


@rule(
    "exclude-unknown",
    "error",
    en="Expected baton:exclude of {element} to name user tasks after actor: and registered relations after relation:, "
    "but {target} is none{hint}: correct it.",
    zh="{element} 的 baton:exclude 中 actor: 后应为用户任务，relation: 后应为关系，但 {target} 不是{hint}：请改正。",
)
def check_excluded_actors(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Whoever is excluded by a misspelt name is not excluded: the separation of duties is gone."""
    relations = project.registry.relations
    for process in diagram.processes:
        tasks = {node.id: node for scope in process.walk() for node in scope.of_kind("userTask")}
        for node in tasks.values():
            for kind, _, target in (part.strip().partition(":") for part in node.baton("exclude").split(",")):
                known = {"actor": tasks, "relation": relations or [target]}.get(kind)
                if known is not None and target not in known:
                    yield problem(node, target=target, hint=suggest(target, known))


@rule(
    "user-due-missing",
    "warning",
    en="Expected a due date on the user task {element}, but there is none: set camunda:dueDate (PT4H, WT:P1D, ${{…}}).",
    zh="用户任务 {element} 应有期限，但没有：请设置 camunda:dueDate（PT4H、WT:P1D、${{…}}）。",
)
def check_due(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A task without a due date is never late, and nobody is reminded (M10)."""
    for node in diagram.of_kind("userTask"):
        if not node.camunda("dueDate"):
            yield problem(node)


@rule(
    "documentation-missing",
    "warning",
    en="Expected a documentation text on the user task {element}, but there is none: say what is to be done.",
    zh="用户任务 {element} 应有说明文字，但没有：请说明要做什么。",
)
def check_documentation(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """The documentation is the help shown beside the form (M10)."""
    for node in diagram.of_kind("userTask"):
        if not any(text_of(xml) for xml in node.xml.findall(bpmn("documentation"))):
            yield problem(node)


@rule(
    "documentation-en-missing",
    "warning",
    en="Expected an English documentation text beside the Chinese one on {element}, but there is none: "
    "set baton:documentationEn.",
    zh="{element} 的说明文字应有英文，但没有：请填写 baton:documentationEn。",
)
def check_english_documentation(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Every text shown to people exists in both languages."""
    for node in diagram.of_kind("userTask"):
        has_text = any(text_of(xml) for xml in node.xml.findall(bpmn("documentation")))
        if has_text and not node.baton("documentationEn"):
            yield problem(node)


@rule(
    "return-target-unknown",
    "error",
    en="Expected baton:returnTo of {element} to name nodes of the same process, but {target} is none{hint}: "
    "correct it.",
    zh="{element} 的 baton:returnTo 应为同一层级的节点，但 {target} 不是{hint}：请改正。",
)
def check_return_targets(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A case can return to steps of the same scope only."""
    for scope in diagram.scopes:
        ids = {node.id for node in scope.nodes}
        for node in scope.of_kind("userTask"):
            for target in [part.strip() for part in node.baton("returnTo").split(",") if part.strip()]:
                if target not in ids:
                    yield problem(node, target=target, hint=suggest(target, ids))


@rule(
    "service-topic-missing",
    "error",
    en="Expected a topic on the service task {element}, but there is none: set camunda:topic to a registered service.",
    zh="服务任务 {element} 应有主题，但没有：请在 camunda:topic 填写已登记的服务。",
)
def check_topic(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A service task without a topic waits for ever."""
    for node in diagram.of_kind("serviceTask"):
        if not node.camunda("topic"):
            yield problem(node)


@rule(
    "topic-external",
    "warning",
    en="Expected a registered service, but nobody registered {topic}{hint}: {element} will wait for an "
    "external worker.",
    zh="没有服务登记主题 {topic}{hint}：{element} 将等待外部工作者。",
)
def check_topic_known(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """An unregistered topic is an external task; often it is a misspelt one."""
    known = project.registry.topics
    for node in diagram.of_kind("serviceTask") if known else ():
        topic = node.camunda("topic")
        if topic and topic not in known:
            yield problem(node, topic=topic, hint=suggest(topic, known))


@rule(
    "topic-parameter-missing",
    "error",
    en="Expected the input parameter {name} of topic {topic}, but {element} does not map it: add it.",
    zh="主题 {topic} 需要输入参数 {name}，但 {element} 没有映射：请添加。",
)
def check_required_parameters(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Nothing is handed to a service but what is mapped; without a required parameter it cannot run."""
    for node in diagram.of_kind("serviceTask"):
        topic = project.registry.topics.get(node.camunda("topic"))
        given = {(p.get("name") or "").strip() for p in node.parameters("inputParameter")}
        for name in sorted(topic.required - given) if topic else ():
            yield problem(node, name=name, topic=topic.name if topic else "")


@rule(
    "topic-parameter-unknown",
    "error",
    en="Expected a parameter of topic {topic}, but {name} is none{hint}: correct or delete it.",
    zh="主题 {topic} 没有参数 {name}{hint}：请改正或删除。",
)
def check_unknown_parameters(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A parameter the service does not know makes the call fail."""
    for node in diagram.of_kind("serviceTask"):
        topic = project.registry.topics.get(node.camunda("topic"))
        known = topic.required | topic.optional if topic else frozenset()
        for parameter in node.parameters("inputParameter"):
            name = (parameter.get("name") or "").strip()
            if topic and name and name not in known:
                yield problem(node, topic=topic.name, name=name, hint=suggest(name, known))


@rule(
    "topic-form-missing",
    "error",
    en="Expected an element {form} with a form, which topic {topic} of {element} reads, but there is none{hint}: "
    "name that element so, or call another service.",
    zh="{element} 的主题 {topic} 会读取元素 {form} 的表单，但没有带表单的 {form}{hint}："
    "请把该元素的编号改为 {form}，或换用其他服务。",
)
def check_read_forms(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A service finds a form by the id of its element; under another name it finds nothing, and the case stops."""
    for process in diagram.processes if project.registry.topics else ():
        known = _list_forms(project, process.id)
        for node in (node for scope in process.walk() for node in scope.of_kind("serviceTask")):
            topic = project.registry.topics.get(node.camunda("topic"))
            for form in topic.list_forms(_literals(node)) if topic else ():
                if form not in known and not _is_among_callers(project, process.id, form):
                    yield problem(node, form=form, topic=node.camunda("topic"), hint=suggest(form, known))


def _literals(node: Node) -> dict[str, str | None]:
    """What is mapped to a service; None stands for what only a case can tell."""
    mapped = {(one.get("name") or "").strip(): text_of(one) for one in node.parameters("inputParameter")}
    return {name: None if "${" in text else text for name, text in mapped.items()}


def _list_forms(project: Project, key: str) -> set[str]:
    """The elements with a form of a process and of those it calls, which are one case with it."""
    processes = filter(None, map(project.find_process, project.list_called(key)))
    nodes = (node for process in processes for scope in process.walk() for node in scope.of_kind(*WITH_FORM))
    return {node.id for node in nodes if node.camunda("formKey")}


def _is_among_callers(project: Project, key: str, form: str) -> bool:
    """Whether the form is in the processes that call this one, however far above; where several do, in each of them."""
    without, ahead, is_found = {key}, [key], False
    while ahead:
        called = ahead.pop()
        callers = {one for one, calls in project.calls.items() if called in calls and one != called}
        lacking = {one for one in callers - without if form not in _list_forms(project, one)}
        if not callers:
            return False
        without |= lacking
        ahead += lacking
        is_found |= bool(callers - without)
    return is_found


@rule(
    "script-missing",
    "error",
    en="Expected one script in {element}, but there are {count}: write the script.",
    zh="{element} 中应有一段脚本，但有 {count} 段：请填写脚本。",
)
def check_script(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A script task without a script does nothing, or crashes the parser."""
    for node in diagram.of_kind("scriptTask"):
        scripts = node.xml.findall(bpmn("script"))
        if len(scripts) != 1 or not text_of(scripts[0]):
            yield problem(node, count=len([script for script in scripts if text_of(script)]))


@rule(
    "script-format",
    "error",
    en="Expected a Python script, but {element} says {format}: rewrite it in Python and set scriptFormat to python.",
    zh="脚本应为 Python，但 {element} 标明 {format}：请改写为 Python，并把 scriptFormat 设为 python。",
)
def check_script_format(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """The format is ignored: a script in another language would be run as Python."""
    for node in diagram.of_kind("scriptTask"):
        form = (node.xml.get("scriptFormat") or "").strip()
        if form.lower() not in SCRIPT_FORMATS:
            yield problem(node, format=form)


@rule(
    "decision-missing",
    "error",
    en="Expected a decision table and a result variable on {element}, but {attribute} is missing: set it.",
    zh="{element} 应有决策表和结果变量，但缺少 {attribute}：请填写。",
)
def check_decision(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Without a table nothing is decided, without a variable the answer is lost."""
    for node in diagram.of_kind("businessRuleTask"):
        for attribute in ("decisionRef", "resultVariable"):
            if not node.camunda(attribute):
                yield problem(node, attribute=f"camunda:{attribute}")


@rule(
    "decision-unknown",
    "error",
    en="Expected the decision table {table}, but it is neither in these files nor deployed{hint}: add it or "
    "correct the key.",
    zh="找不到决策表 {table}{hint}：请添加，或改正键。",
)
def check_decision_known(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A decision that does not exist opens an incident in every case that gets there."""
    for node in diagram.of_kind("businessRuleTask"):
        table = node.camunda("decisionRef")
        if table and table not in project.decisions:
            yield problem(node, table=table, hint=suggest(table, project.decisions))


@rule(
    "decision-result-form",
    "error",
    en="Expected camunda:mapDecisionResult as one of {known}, but got {found}: choose one.",
    zh="camunda:mapDecisionResult 应为 {known} 之一，但现在是 {found}：请选择。",
)
def check_decision_result(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """An unknown form of result leaves the variable in a shape nobody expects."""
    for node in diagram.of_kind("businessRuleTask"):
        found = node.camunda("mapDecisionResult")
        if found and found not in DECISION_RESULTS:
            yield problem(node, known=", ".join(DECISION_RESULTS), found=found)
