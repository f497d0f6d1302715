"""What the modeler offers: an element template for every registered service, and whatever else a diagram may name.

The templates have the format of the Camunda Modeler's, so that it can use them as well.
"""

from collections.abc import Iterator

from flask import Blueprint, Response, g, jsonify, url_for

from engine.definitions.catalogue import DECISION, FORM, PROCESS
from engine.definitions.registry import RELATIONS, TOPICS, Topic
from engine.language.errors import BpmnUnreadable
from engine.language.model import BATON, BPMN, read_bpmn, read_start_variables
from engine.queries.definitions import list_definitions
from engine.queries.drafts import list_drafts
from engine.runtime.engine import Engine
from engine.services.identity.people import ENTERPRISE_ROLES, ROLES
from engine.storage.plain import Plain, PlainDict
from web.texts import LANGUAGES, Language, catalogue, current_language, text

NAMES: dict[Language, str] = {"zh": "name", "en": "baton:nameEn"}


def add_offers(blueprint: Blueprint, engine: Engine) -> None:
    """Adds the view to the blueprint `analyst`."""
    blueprint.add_url_rule("/studio/offers.json", "offers", lambda: show_offers(engine))


def show_offers(engine: Engine) -> Response:
    """Everything, in the reader's language."""
    named = _list_named(engine)
    return jsonify(
        templates=[make_template(topic) for topic in sorted(TOPICS.values(), key=lambda one: one.name)],
        processes=named[PROCESS],
        forms=named[FORM],
        decisions=named[DECISION],
        groups=[{"key": role, "name": text(f"acting.{role}")} for role in ROLES],
        memberRoles=[{"key": role, "name": text(f"acting.{role}")} for role in ENTERPRISE_ROLES],
        relations=[{"key": relation} for relation in sorted(RELATIONS)],
    )


def make_template(topic: Topic) -> PlainDict:
    """The element template of a service: how the task is called, what it asks for, what it keeps of the result."""
    names = {language: _say(language, f"topic.{topic.name}", topic.name) for language in LANGUAGES}
    fixed = {"camunda:topic": topic.name, **{NAMES[language]: names[language] for language in LANGUAGES}}
    return {
        "id": topic.name,
        "name": names[current_language()],
        "description": topic.summary if current_language() == "en" else "",
        "appliesTo": ["bpmn:ServiceTask"],
        "properties": [
            *(_hide(value, {"type": "property", "name": name}) for name, value in fixed.items()),
            *_describe_inputs(topic),
            *(_hide(one, {"type": "camunda:outputParameter", "source": f"${{{one}}}"}) for one in topic.results),
        ],
    }


def _describe_inputs(topic: Topic) -> Iterator[PlainDict]:
    for name in (*sorted(topic.required), *sorted(topic.optional)):
        yield {
            "label": _say(current_language(), f"input.{name}", name),
            "type": "String",
            "value": f"${{{name}}}" if name in topic.required else "",
            "binding": {"type": "camunda:inputParameter", "name": name},
            "constraints": {"notEmpty": name in topic.required},
        }


def _hide(value: str, binding: PlainDict) -> PlainDict:
    """A property that is set and not asked for."""
    return {"type": "Hidden", "value": value, "binding": binding}


def _say(language: Language, key: str, otherwise: str) -> str:
    """A text where there is one: operators may register services of their own, which have none."""
    return catalogue().get(key, {}).get(language, otherwise)


def _list_named(engine: Engine) -> dict[str, list[PlainDict]]:
    """Definitions by kind, each with its newest content: the draft where there is one."""
    named: dict[str, dict[str, PlainDict]] = {PROCESS: {}, FORM: {}, DECISION: {}}
    rows = [row for row in list_definitions(engine) if row.kind in named]
    with engine.database.read() as connection:
        for row in rows:
            content = engine.catalogue.content(connection, row.id)["content"] if row.kind == PROCESS else b""
            url = url_for("analyst.definition", definition_id=row.id)
            named[row.kind][row.key] = _name(row.key, g.fmt.name(row.name_zh, row.name_en), url, content)
    for draft in list_drafts(engine):
        for key in draft.keys if draft.kind in named else ():
            known = named[draft.kind].get(key, {})
            url = url_for("analyst.draft", draft_id=draft.id, element=key if key != draft.key else None)
            content = draft.content if draft.kind == PROCESS else b""
            named[draft.kind][key] = _name(key, known.get("name", ""), url, content)
    return {kind: sorted(rows.values(), key=lambda row: str(row["key"])) for kind, rows in named.items()}


def _name(key: str, name: Plain, url: str, content: bytes) -> PlainDict:
    return {"key": key, "name": name, "url": url, "inputs": list(_read_inputs(content))}


def _read_inputs(content: bytes) -> Iterator[PlainDict]:
    """What the starter of a process hands in; nothing of what is no process or cannot be read yet."""
    try:
        process = read_bpmn(content).find(f"{{{BPMN}}}process")
    except BpmnUnreadable:
        return
    if process is not None:
        for name, is_required in read_start_variables(process.get(f"{{{BATON}}}startVariables", "")).items():
            yield {"name": name, "label": _say(current_language(), f"input.{name}", ""), "isRequired": is_required}
