"""Call activities: the called process and what goes in and out."""

from collections.abc import Iterator

from engine.definitions.lint.diagram import Diagram, Scope
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, declare, problem, rule
from engine.definitions.lint.uses import writes_outside
from engine.language.model import read_start_variables
from engine.language.suggest import suggest
from engine.language.versions import is_version

BINDINGS = ("", "latest", "version")


def start_variables(process: Scope) -> tuple[set[str], set[str]]:
    """What the starter of a process hands in: the required names and the optional ones (marked by a `?`).

    A call hands in the `camunda:initiator` of the start as well: nobody starts a called process himself.
    """
    names = read_start_variables(process.baton("startVariables"))
    names |= {initiator: True for start in process.starts if (initiator := start.camunda("initiator"))}
    required = {name for name, is_required in names.items() if is_required}
    return required, set(names) - required


@rule(
    "start-variable-missing",
    "error",
    en="Expected a field {name} in the form of a start event of {key}, because people may start it and it needs "
    "{name}: add the field, or mark the variable as optional.",
    zh="{key} 可由人员发起并需要变量 {name}，开始事件的表单中应有字段 {name}：请添加该字段，或把变量标为可选。",
)
def check_started_by_people(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Who starts a process in the browser hands in what its start form asks for, and nothing else."""
    for process in diagram.processes:
        if not process.camunda("candidateStarterGroups"):
            continue
        starts = process.of_kind("startEvent")
        given = {start.camunda("initiator") for start in starts}
        for form in (project.forms.get(start.camunda("formKey")) for start in starts):
            given.update(form.variables if form else ())
        for name in sorted(start_variables(process)[0] - given):
            yield problem(process, name=name, key=process.id)


@rule(
    "call-element-missing",
    "error",
    en="Expected the key of the called process on {element}, but there is none: set calledElement.",
    zh="{element} 应填写被调用流程的键，但没有：请设置 calledElement。",
)
def check_called_element(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Without a key nothing can be called."""
    for node in diagram.of_kind("callActivity"):
        if not (node.xml.get("calledElement") or "").strip():
            yield problem(node)


@rule(
    "call-process-unknown",
    "error",
    en="Expected the process {key}, but it is neither in these files nor deployed{hint}: add it or correct "
    "calledElement.",
    zh="找不到流程 {key}{hint}：请添加，或改正 calledElement。",
)
def check_called_process(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A call of a process that does not exist stops the whole diagram from being read."""
    for node in diagram.of_kind("callActivity"):
        key = (node.xml.get("calledElement") or "").strip()
        if key and key not in project.processes:
            yield problem(node, key=key, hint=suggest(key, project.processes))


@rule(
    "call-recursion",
    "error",
    en="Expected no process to call itself, but {path} closes a circle: draw the repetition as a loop.",
    zh="流程不能调用自身，但 {path} 形成循环：请画成循环。",
)
def check_recursion(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A circle of calls is read without end."""
    for process in diagram.processes:
        paths: dict[str, list[str]] = {}
        for node in (node for scope in process.walk() for node in scope.of_kind("callActivity")):
            called = node.xml.get("calledElement", "")
            if called not in paths:
                paths[called] = _find_path(project, called, process.id)
            if paths[called]:
                yield problem(node, path=" → ".join([process.id, *paths[called]]))


def _find_path(project: Project, start: str, goal: str) -> list[str]:
    """The keys from one process to another along calls; empty when there is no way."""
    before: dict[str, str] = {start: ""}
    waiting = [start]
    while waiting:
        key = waiting.pop()
        if key == goal:
            path = [key]
            while before[path[-1]]:
                path.append(before[path[-1]])
            return path[::-1]
        for called in project.calls.get(key, ()):
            if called not in before:
                before[called] = key
                waiting.append(called)
    return []


@rule(
    "call-mapping-missing",
    "error",
    en="Expected data to be mapped into {element}, but there is no camunda:in: map what {key} needs (M16).",
    zh="应向 {element} 映射数据，但没有 camunda:in：请映射 {key} 需要的变量（M16）。",
)
def check_mapping(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Nothing is copied into a called process but what is mapped (M16)."""
    for node in diagram.of_kind("callActivity"):
        key = (node.xml.get("calledElement") or "").strip()
        process = project.find_process(key)
        needs_nothing = process is not None and not start_variables(process)[0]
        if key and not node.extensions("in") and not needs_nothing:
            yield problem(node, key=key)


@rule(
    "call-mapping-incomplete",
    "error",
    en="Expected one source and a target in every camunda:{tag} of {element}, but got {found}: name each variable.",
    zh="{element} 的每个 camunda:{tag} 都应有来源和目标，但现在是 {found}：请逐个填写变量。",
)
def check_mapping_complete(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Mapping everything at once hides what a process needs, and overwrites what it must not (M16)."""
    for node in diagram.of_kind("callActivity"):
        for tag in ("in", "out"):
            for mapping in node.extensions(tag):
                sources = [mapping.get("source"), mapping.get("sourceExpression")]
                is_complete = bool(mapping.get("target")) and len([source for source in sources if source]) == 1
                if not is_complete and not (tag == "in" and mapping.get("businessKey")):
                    found = " ".join(f'{name}="{mapping.get(name)}"' for name in map(str, mapping.attrib)) or "nothing"
                    yield problem(node, tag=tag, found=found)


@rule(
    "call-variable-missing",
    "error",
    en="Expected {name} to be mapped into {key}, but {element} does not: add camunda:in with this target.",
    zh="应向 {key} 映射变量 {name}，但 {element} 没有：请添加以它为目标的 camunda:in。",
)
def check_start_variables(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """`baton:startVariables` of a process lists what its starter hands in; a name with `?` is optional."""
    for node in diagram.of_kind("callActivity"):
        process = project.find_process((node.xml.get("calledElement") or "").strip())
        given = {(mapping.get("target") or "").strip() for mapping in node.extensions("in")}
        for name in sorted(start_variables(process)[0] - given) if process and given else ():
            yield problem(node, name=name, key=process.id if process else "")


@rule(
    "call-variable-unlisted",
    "warning",
    en="Expected a start variable of {key}, but {name} is not listed in its baton:startVariables{hint}: "
    "correct the target, or list it there.",
    zh="{name} 不在 {key} 的 baton:startVariables 中{hint}：请改正目标，或在那里列出。",
)
def check_unlisted_variables(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """What the called process does not list it does not use; mostly the name is misspelt."""
    for node in diagram.of_kind("callActivity"):
        process = project.find_process((node.xml.get("calledElement") or "").strip())
        if process is None:
            continue
        required, optional = start_variables(process)
        known = required | optional
        for mapping in node.extensions("in"):
            name = (mapping.get("target") or "").strip()
            if name and known and name not in known:
                yield problem(node, key=process.id, name=name, hint=suggest(name, known))


@rule(
    "call-output-unknown",
    "warning",
    en="Expected {key} to produce {name}, but it never writes it{hint}: correct the source of camunda:out.",
    zh="{key} 不会产生 {name}{hint}：请改正 camunda:out 的来源。",
)
def check_outputs(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A source the called process never writes makes the end of the call fail."""
    produced: dict[Scope, set[str]] = {}
    for node in diagram.of_kind("callActivity"):
        process = project.find_process((node.xml.get("calledElement") or "").strip())
        if process is None:
            continue
        known = produced[process] = produced.get(process) or produced_by(process, project)
        for mapping in node.extensions("out"):
            name = (mapping.get("source") or "").strip()
            if name.isidentifier() and name not in known:
                yield problem(node, key=process.id, name=name, hint=suggest(name, known))


def produced_by(process: Scope, project: Project) -> set[str]:
    """Every variable that can be in the data of a process."""
    required, optional = start_variables(process)
    return required | optional | {name for node in process.nodes for name in writes_outside(node, project)}


@rule(
    "call-binding",
    "error",
    en="Expected camunda:calledElementBinding latest or version (with a number), but got {found}: correct it.",
    zh="camunda:calledElementBinding 应为 latest 或 version（附版本号），但现在是 {found}：请改正。",
)
def check_binding(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """An unknown binding would silently call another version."""
    for node in diagram.of_kind("callActivity"):
        binding, version = node.camunda("calledElementBinding"), node.camunda("calledElementVersion")
        if binding not in BINDINGS or (binding == "version") != bool(version) or (version and not is_version(version)):
            yield problem(node, found=f"{binding or 'nothing'} {version}".strip())


VERSION_UNKNOWN = declare(
    "call-version-unknown",
    "error",
    en="Expected version {version} of the process {key}, but it was never deployed: correct the number of the version.",
    zh="流程 {key} 没有部署过版本 {version}：请改正 camunda:calledElementVersion。",
    reason="A call of a version that does not exist would fail when the case begins. Found only where files are "
    "deployed.",
    theme="calls",
)
