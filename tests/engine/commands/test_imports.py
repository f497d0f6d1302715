"""Bringing files in: drafts of whatever an editor can open, deployments all or nothing, however broken the file."""

from collections import Counter
from contextlib import suppress
from random import Random

import pytest
from sqlalchemy import func, select

from engine.commands.deployments import DefinitionInvalid, deploy
from engine.commands.drafts import check_drafts, save_draft
from engine.commands.imports import Imported, complete_file, import_files
from engine.definitions.drawing import has_drawing, lay_out
from engine.queries.drafts import fetch_draft, list_drafts, list_parts
from engine.runtime.engine import Engine
from engine.storage.tables import definition, deployment, history
from tests.engine.definitions.intake.foreign import PRODUCTS
from tests.engine.definitions.intake.mutating import mutate_json, mutate_xml
from tests.engine.definitions.lint.build import TABLE
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS

DIAGRAM = "bpmn/trial/trial.bpmn"
MUTANTS = 25  # of each file, on each database


def count(engine: Engine) -> Counter[str]:
    with engine.database.read() as connection:
        tables = (definition, deployment, history)
        return Counter({t.name: connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables})


def test_a_foreign_diagram_becomes_a_draft_with_a_drawing(any_engine: Engine) -> None:
    (made,) = import_files(any_engine, BOSS, {"bpmn/x/camunda_7.bpmn": PRODUCTS["camunda_7"]})
    assert (made.kind, made.key, made.problem) == ("process", "invoice", "")
    assert made.draft_id is not None
    draft = fetch_draft(any_engine, made.draft_id)
    assert has_drawing(draft.content)
    assert b'camunda:class="com.acme.BookDelegate"' in draft.content
    assert check_drafts(any_engine, [made.draft_id])
    assert count(any_engine)["definition"] == 0


def test_what_is_a_draft_already_is_left_as_it_is(engine: Engine) -> None:
    files = {DIAGRAM: two_tasks()[DIAGRAM]}
    (first,) = import_files(engine, BOSS, files)
    assert first.draft_id is not None
    save_draft(engine, BOSS, first.draft_id, b"<mine/>", 1)
    (again,) = import_files(engine, BOSS, files)
    assert again == Imported(DIAGRAM, "process", "trial", first.draft_id, "exists")
    assert fetch_draft(engine, first.draft_id).content == b"<mine/>"


def test_a_draft_of_something_deployed_is_based_on_it(engine: Engine) -> None:
    deploy(engine, BOSS, two_tasks())
    made = import_files(engine, BOSS, two_tasks())
    assert {(one.kind, one.key) for one in made} == {("process", "trial"), ("form", "trial/note"), ("policy", "policy")}
    assert all(draft.base_version == 1 for draft in list_drafts(engine))


@pytest.mark.parametrize(
    ("path", "content", "problem"),
    [
        ("bpmn/x/x.bpmn", PRODUCTS["html"], "unreadable"),
        ("bpmn/x/x.bpmn", b"<a/>" * 1_000_000, "unreadable"),
        ("bpmn/x/x.bpmn", PRODUCTS["choreography"], "nothing"),
        ("bpmn/x/x.bpmn", PRODUCTS["no prefix"].replace(b'"order"', b'"or der"'), "unfit"),
        ("bpmn/x/x.dmn", b"<definitions/>", "nothing"),
        ("bpmn/x/x.dmn", b"<", "unreadable"),
        ("forms/x/x.form", b"[" * 100_000, "unreadable"),
        ("forms/x/x.form", b"[]", "unreadable"),
        ("forms/a b/x.form", b"{}", "unfit"),
        ("x", b"{}", "unreadable"),
    ],
)
def test_what_no_editor_could_open_becomes_no_draft(engine: Engine, path: str, content: bytes, problem: str) -> None:
    (refused,) = import_files(engine, BOSS, {path: content})
    assert (refused.draft_id, refused.problem) == (None, problem)
    assert list_drafts(engine) == []


def test_a_drawing_somebody_arranged_is_not_touched() -> None:
    arranged = lay_out(two_tasks()[DIAGRAM]).replace(b'x="', b'x="1')
    assert complete_file(DIAGRAM, arranged) == arranged
    assert complete_file("forms/trial/note.form", b"{") == b"{"
    assert complete_file(DIAGRAM, PRODUCTS["html"]) == PRODUCTS["html"]


def test_broken_files_are_deployed_whole_or_not_at_all(any_engine: Engine) -> None:
    chance = Random("deploy")
    files = {**two_tasks(), "bpmn/trial/fee.dmn": TABLE}
    deploy(any_engine, BOSS, files)
    for path, content in list(files.items()) * MUTANTS:
        mutant = (mutate_xml if path.endswith(("bpmn", "dmn")) else mutate_json)(content, chance)
        before, made = count(any_engine), 0
        with suppress(DefinitionInvalid):
            made = len(deploy(any_engine, BOSS, {**files, path: mutant}, "a mutant").definitions)
        grown = Counter({"definition": made, "deployment": bool(made), "history": bool(made)})
        assert count(any_engine) == before + grown


def test_broken_drafts_are_saved_and_checked(engine: Engine) -> None:
    chance = Random("save")
    made = import_files(engine, BOSS, two_tasks())
    for one in made * MUTANTS:
        assert one.draft_id is not None
        draft = fetch_draft(engine, one.draft_id)
        content = two_tasks()[one.path] if one.kind != "policy" else b"{}"
        mutant = (mutate_xml if one.kind == "process" else mutate_json)(content, chance)
        save_draft(engine, BOSS, one.draft_id, mutant, draft.revision)
        check_drafts(engine, [one.draft_id])
        list_parts(fetch_draft(engine, one.draft_id), list_drafts(engine))
