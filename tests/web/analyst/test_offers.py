"""What the modeler offers: services as element templates, and what else a diagram may name."""

import pytest
from flask import Flask

from engine.commands.deployments import deploy
from engine.definitions.registry import TOPICS, Topic
from engine.runtime.engine import Engine
from engine.storage.plain import PlainDict
from tests.support.stage import BOSS
from tests.web.analyst.desk import deploy_trial, drawn_trial, sit_down
from web.texts import catalogue

OFFERS = "/studio/offers.json"


@pytest.mark.parametrize(("role", "status"), [("analyst", 200), ("auditor", 403), ("platform_reviewer", 403)])
def test_only_analysts_are_offered_anything(app: Flask, engine: Engine, role: str, status: int) -> None:
    assert sit_down(app, engine, role).get(OFFERS).status_code == status


def test_template_sets_the_topic_and_asks_for_its_inputs(app: Flask, engine: Engine) -> None:
    offers = sit_down(app, engine, "analyst").get(OFFERS).json
    assert offers is not None
    template = next(one for one in offers["templates"] if one["id"] == "remind")
    assert (template["name"], template["appliesTo"]) == ("提醒", ["bpmn:ServiceTask"])
    bound = {}
    for one in template["properties"]:
        binding = one["binding"]
        bound[binding["type"], binding.get("name") or binding["source"]] = one
    assert bound["property", "camunda:topic"]["value"] == "remind"
    assert bound["property", "baton:nameEn"]["value"] == "Remind"
    required, optional = bound["camunda:inputParameter", "element"], bound["camunda:inputParameter", "skill"]
    assert (required["label"], required["constraints"]) == ("步骤编号", {"notEmpty": True})
    assert (optional["label"], optional["constraints"]) == ("所需技能", {"notEmpty": False})
    assert bound["camunda:outputParameter", "${reminded_count}"]["value"] == "reminded_count"


def test_every_service_and_input_has_its_words() -> None:
    own = [topic for topic in TOPICS.values() if topic.function.__module__.startswith("engine.services")]
    keys = {f"topic.{topic.name}" for topic in own}
    keys |= {f"input.{name}" for topic in own for name in topic.required | topic.optional}
    assert sorted(keys - set(catalogue())) == []


def test_definitions_are_offered_with_what_their_starter_hands_in(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    visitor = sit_down(app, engine, "analyst")
    offers = visitor.get(OFFERS).json
    assert offers is not None
    assert [one["key"] for one in offers["processes"]] == ["trial"]
    assert [(one["name"], one["isRequired"]) for one in offers["processes"][0]["inputs"]] == [
        ("who", True),
        ("peer", True),
    ]
    assert [one["key"] for one in offers["forms"]] == ["trial/note"]
    assert [one["key"] for one in offers["decisions"]] == ["fee"]


def test_a_draft_is_offered_in_the_place_of_what_is_deployed(app: Flask, engine: Engine) -> None:
    deploy(engine, BOSS, drawn_trial())
    visitor = sit_down(app, engine, "analyst")
    definition_id = visitor.get(OFFERS).json["processes"][0]["url"].rpartition("/")[2]  # type: ignore[index]
    visitor.send("/drafts", {"definition": definition_id}, page="/drafts/new")
    offers = visitor.get(OFFERS).json
    assert offers is not None
    assert [one["url"].split("/")[1] for one in offers["processes"]] == ["drafts"]


def gives_nothing() -> PlainDict:
    """Does something. Returns: nothing."""
    return {}


def gives_several() -> PlainDict:
    """Does something
    over two lines.

    Returns: order_id, state (open; closed) and until; note.
    """
    return {}


def test_results_are_read_from_the_docstring() -> None:
    def read(function: object) -> Topic:
        return Topic("trial", function, frozenset(), frozenset(), {})  # type: ignore[arg-type]

    assert read(gives_nothing).results == ()
    assert read(gives_several).results == ("order_id", "state", "until", "note")
    assert read(gives_several).summary == "Does something over two lines."
