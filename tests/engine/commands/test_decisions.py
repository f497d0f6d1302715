"""Files of several decisions: deployed, asked by a process, written into its history, drafted, and kept by version."""

from pathlib import Path

import pytest

from engine.commands.deployments import DefinitionInvalid, check, deploy
from engine.commands.drafts import (
    DefinitionExists,
    check_drafts,
    create_draft,
    deploy_drafts,
    open_draft,
    save_draft,
)
from engine.queries.definitions import list_definitions
from engine.queries.drafts import fetch_draft, list_drafts, list_parts
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.storage.plain import PlainDict
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, node
from tests.support.stage import BOSS, Stage

DELIVERY = (Path(__file__).parents[1] / "language" / "decisions_delivery.dmn").read_bytes()
PATH = "bpmn/shared/delivery.dmn"
KEYS = ["delivery_price", "delivery_zone", "surcharges"]
ASKED: PlainDict = {"who": "ann", "peer": "ben", "distance_metres": 5200, "pickup_time": "17:30"}


def process() -> dict[str, bytes]:
    """Asks for a price, and ends."""
    body = node("startEvent", "begin") + node(
        "businessRuleTask",
        "price",
        camunda__decisionRef="delivery_price",
        camunda__resultVariable="price_fen",
        camunda__mapDecisionResult="singleEntry",
    )
    body += node("endEvent", "done") + flow("begin price done")
    found = diagram("trial", body)
    return {
        **FILES,
        **{path: text.replace(b"who peer", b" ".join(map(str.encode, ASKED))) for path, text in found.items()},
    }


def versions(engine: Engine) -> dict[str, int]:
    return {row.key: row.version for row in list_definitions(engine, "decision")}


def find_id(engine: Engine, key: str) -> str:
    return next(row.id for row in list_definitions(engine, "decision") if row.key == key)


def test_each_decision_is_deployed_under_its_own_key(any_engine: Engine) -> None:
    deploy(any_engine, BOSS, {PATH: DELIVERY})
    assert versions(any_engine) == dict.fromkeys(KEYS, 1)
    assert deploy(any_engine, BOSS, {PATH: DELIVERY}).id is None
    changed = DELIVERY.replace(b"<text>300</text>", b"<text>350</text>")
    deploy(any_engine, BOSS, {PATH: changed})
    assert versions(any_engine) == dict.fromkeys(KEYS, 2)
    with pytest.raises(DefinitionInvalid) as refused:
        deploy(any_engine, BOSS, {PATH: changed.replace(b"[0..3000]", b"[0..3500]")})
    assert [(one.rule, one.element) for one in refused.value.findings] == [("decision-overlap", "zone_far")]
    assert versions(any_engine) == dict.fromkeys(KEYS, 2)


def test_the_history_holds_everything_that_was_decided(engine: Engine, clock: ManualClock) -> None:
    stage = Stage(engine, clock)
    ann = stage.person("ann")
    deploy(engine, BOSS, {PATH: DELIVERY, **process()})
    instance = stage.start(ann, "trial", ASKED)
    assert stage.outcome(instance) == "done"
    zone: PlainDict = {"zone": "far", "base_fen": 800, "per_km_fen": 120}
    with engine.database.read() as connection:
        events = [event for row in read_stream(connection, instance) for event in row.events]
    told = [event for event in events if event["kind"] == "decision"]
    assert [(one["table"], one.get("matched"), one["result"], one["inputs"]) for one in told] == [
        ("delivery_zone", ["zone_far"], zone, {"distance_metres": 5200}),
        ("surcharges", ["surcharge_rush"], [{"fen": 200}], {"pickup_time": "17:30", "zone": zone}),
        (
            "delivery_price",
            None,
            {"delivery_price": 1600},
            {"distance_metres": 5200, "surcharges": [200], "zone": zone},
        ),
    ]
    assert {one["element"] for one in told} == {"price"}
    assert stage.data(instance, "done")["price_fen"] == 1600


def test_what_cannot_be_decided_is_an_incident_that_names_the_cell(engine: Engine, clock: ManualClock) -> None:
    stage = Stage(engine, clock)
    deploy(engine, BOSS, {PATH: DELIVERY, **process()})
    instance = stage.start(stage.person("ann"), "trial", {**ASKED, "pickup_time": "half past five"})
    (message,) = stage.incidents(instance)
    assert "surcharges, input '时间 / Time of day': Expected time, but got 'half past five'" in message


def test_a_decision_taken_out_of_its_file_keeps_what_it_was(engine: Engine) -> None:
    """`surcharges` moves into a file of its own; the others are still asked for with the file they came with."""
    deploy(engine, BOSS, {PATH: DELIVERY})
    alone = DELIVERY[: DELIVERY.index(b"<decision id=")] + DELIVERY[DELIVERY.index(b'<decision id="surcharges"') :]
    alone = alone.replace(b'<informationRequirement id="needs_the_zone">', b"<!--").replace(
        b"</informationRequirement>\n    <decisionTable", b"-->\n    <decisionTable"
    )
    alone = alone.replace(b"<text>300</text>", b"<text>350</text>")
    (found,) = check(engine, {"bpmn/shared/surcharges.dmn": alone})
    assert (found.rule, found.severity, found.element) == ("decision-copied", "warning", "surcharges")
    deploy(engine, BOSS, {"bpmn/shared/surcharges.dmn": alone})
    assert versions(engine) == {"delivery_price": 1, "delivery_zone": 1, "surcharges": 2}
    with engine.database.read() as connection:
        price = engine.catalogue.decision(connection, find_id(engine, "delivery_price"))
    kept = next(one for one in price.required if one.key == "surcharges")
    assert "(300)" in kept.program.setup


def test_one_draft_serves_all_decisions_of_a_file(any_engine: Engine) -> None:
    deploy(any_engine, BOSS, {PATH: DELIVERY})
    draft_id = open_draft(any_engine, BOSS, find_id(any_engine, "surcharges"))
    assert {open_draft(any_engine, BOSS, find_id(any_engine, key)) for key in KEYS} == {draft_id}
    assert fetch_draft(any_engine, draft_id).keys == set(KEYS)
    for key in ("delivery_zone", "surcharges"):
        with pytest.raises(DefinitionExists):
            create_draft(any_engine, BOSS, "decision", key, "另一个", "Another")
    broken = DELIVERY.replace(b"&gt; 3000", b"&gt;")
    save_draft(any_engine, BOSS, draft_id, broken, 1)
    assert open_draft(any_engine, BOSS, find_id(any_engine, "delivery_price")) == draft_id
    assert [one.element for one in check_drafts(any_engine, [draft_id])] == ["zone_far_distance"]
    save_draft(any_engine, BOSS, draft_id, DELIVERY.replace(b"<text>300</text>", b"<text>350</text>"), 2)
    deploy_drafts(any_engine, BOSS, {draft_id: 3})
    assert versions(any_engine) == dict.fromkeys(KEYS, 2)


def test_the_draft_of_a_process_belongs_with_that_of_the_file_it_asks(engine: Engine) -> None:
    deploy(engine, BOSS, {PATH: DELIVERY, **process()})
    tables = open_draft(engine, BOSS, find_id(engine, "surcharges"))
    (asking,) = (row.id for row in list_definitions(engine, "process"))
    drafted = fetch_draft(engine, open_draft(engine, BOSS, asking))
    assert [one.id for one in list_parts(drafted, list_drafts(engine))] == [tables]
