"""The house rule: a process more is two folders more, an effect on the world more is one decorated function more."""

import pytest
from sqlalchemy import Column, Integer, String, Table, insert, select

from engine.commands.deployments import DefinitionInvalid, deploy
from engine.definitions import registry
from engine.definitions.registry import TopicCall, batch_topic, topic
from engine.runtime.engine import Engine
from engine.storage.columns import metadata
from engine.storage.plain import Plain, PlainDict
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, node, note_form, service, user
from tests.support.stage import BOSS, Stage


def test_a_sixth_process_with_a_service_of_its_own(any_engine: Engine, clock: ManualClock) -> None:
    shelf = Table("trial_shelf", metadata, Column("id", String(40), primary_key=True), Column("books", Integer))

    @topic("trial.lend_book")
    def lend_book(call: TopicCall, *, reader: str, books: int = 1) -> PlainDict:
        """Lends books to a reader."""
        call.connection.execute(insert(shelf).values(id=call.task_id, books=books))
        call.describe("借书", "Lending", 100)
        call.add_party(reader, "reader")
        return {"lent": books}

    try:
        any_engine.database.transact(lambda unit: shelf.create(unit.connection))
        body = (
            node("startEvent", "begun")
            + user("choose")
            + service("lend", "trial.lend_book", "reader=${who}\nbooks=${2}", "lent=${lent}")
            + node("endEvent", "lent")
            + flow("begun choose lend lent")
        )
        deploy(any_engine, BOSS, {**FILES, **note_form(), **diagram("library", body)})
        stage = Stage(any_engine, clock)
        ann = stage.person("ann")
        instance_id = stage.start(ann, "library", {"who": "ann"})
        stage.do(ann, instance_id, "choose", {"note": "two please"})
        assert stage.outcome(instance_id) == "lent"
        assert stage.data(instance_id, "lend")["lent"] == 2
        wrong = {path: content.replace(b"${2}", b"two") for path, content in diagram("library", body).items()}
        deploy(any_engine, BOSS, wrong)
        instance_id = stage.start(ann, "library", {"who": "ann"})
        stage.do(ann, instance_id, "choose", {"note": "many"})
        assert stage.incidents(instance_id) == ["Expected books of trial.lend_book to be int, but got 'two'"]
        with any_engine.database.read() as connection:
            assert connection.execute(select(shelf.c.books)).scalars().all() == [2]
    finally:
        metadata.remove(shelf)
        del registry.TOPICS["trial.lend_book"]


@pytest.mark.parametrize("is_batch", [False, True])
def test_a_service_says_whose_form_it_reads(any_engine: Engine, clock: ManualClock, is_batch: bool) -> None:
    def keep(call: TopicCall, *, form: str) -> PlainDict:
        """Keeps what was noted."""
        return {"kept": call.values_of(form).get("note", "")}

    def plan(call: TopicCall, *, form: str) -> list[Plain]:
        """Reads what was noted, and finds nothing to do."""
        keep(call, form=form)
        return []

    if is_batch:
        batch_topic("trial.keep", reads=["choose"])(plan).chunk(lambda call, items: None)
    else:
        topic("trial.keep", reads=["choose"])(keep)
    try:
        body = (
            node("startEvent", "begun")
            + user("choose")
            + service("keep", "trial.keep", "form=${form}")
            + node("endEvent", "kept")
            + flow("begun choose keep kept")
        )
        deploy(any_engine, BOSS, {**FILES, **note_form(), **diagram("keeping", body)})
        stage = Stage(any_engine, clock)
        ann = stage.person("ann")
        for form, told in (
            ("choose", []),
            ("other", ["ValueError: Expected the topic of keep to say that it reads other"]),
        ):
            instance_id = stage.start(ann, "keeping", {"who": "ann", "form": form})
            stage.do(ann, instance_id, "choose", {"note": "mine"})
            assert [one.partition(",")[0] for one in stage.incidents(instance_id)] == told
        renamed = {path: one.replace(b"choose", b"chosen") for path, one in diagram("keeping", body).items()}
        with pytest.raises(DefinitionInvalid) as refused:
            deploy(any_engine, BOSS, renamed)
        assert [(one.element, one.rule) for one in refused.value.findings if one.severity == "error"] == [
            ("keep", "topic-form-missing")
        ]
    finally:
        del registry.TOPICS["trial.keep"]
