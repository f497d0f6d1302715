"""Drafts of forms: whose they are, what of them is readable, when they go."""

import io
import threading
from collections.abc import Mapping

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from engine.commands.deployments import deploy
from engine.commands.form_drafts import save_draft
from engine.commands.tasks import claim_task
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound, TaskAlreadyClaimed
from engine.runtime.form_drafts import Draft, DraftChanged, fetch_draft
from engine.runtime.tasks import bind_task, fetch_task
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.files import store_file
from engine.storage.tables import form_draft
from tests.support.clock import ManualClock
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS, Stage

PHONE = "13800001234"


@pytest.fixture
def trial(any_engine: Engine, clock: ManualClock) -> Stage:
    deploy(any_engine, BOSS, two_tasks())
    return Stage(any_engine, clock)


def _save(stage: Stage, actor: Actor, task_id: str, revision: int, fields: Mapping[str, str]) -> Draft:
    return save_draft(stage.engine, actor, task_id, revision, MultiDict(fields))


def _fetch(stage: Stage, actor: Actor, task_id: str) -> Draft | None:
    return fetch_draft(stage.engine, actor, fetch_task(stage.engine, actor, task_id))


def _rows(stage: Stage) -> list[str]:
    with stage.engine.database.read() as connection:
        return [str(row.content) for row in connection.execute(select(form_draft))]


def test_draft_keeps_a_form_as_typed_and_goes_with_its_task(trial: Stage) -> None:
    ann = trial.person("ann")
    instance_id = trial.start(ann, "trial", {"who": "ann"})
    task_id = trial.task_id(ann, instance_id, "fill")
    assert _fetch(trial, ann, task_id) is None
    first = _save(trial, ann, task_id, 0, {"amount_fen": "a lot"})
    second = _save(trial, ann, task_id, first.revision, {"note": "x" * 60, "amount_fen": "12", "phone": PHONE})
    draft = _fetch(trial, ann, task_id)
    assert draft is not None
    assert (first.values["amount_fen"], first.revision, draft.revision) == ("a lot", 1, 2)
    bound = bind_task(trial.engine, ann, fetch_task(trial.engine, ann, task_id), "zh", draft=draft.values)
    assert [bound.fields[name].typed for name in ("note", "amount_fen", "phone")] == ["x" * 60, "12.00", PHONE]
    assert PHONE not in str(_rows(trial))
    assert second.saved_at == trial.clock()

    with trial.engine.database.read() as connection:
        history = len(read_stream(connection, instance_id))
    trial.do(ann, instance_id, "fill", {"note": "done"})
    assert _rows(trial) == []
    with trial.engine.database.read() as connection:
        rows = read_stream(connection, instance_id)
    assert len(rows) == history + 1  # of all that only the submission is a step


def test_draft_of_an_erased_person_loses_what_is_about_him(trial: Stage) -> None:
    ann = trial.person("ann")
    task_id = trial.task_id(ann, trial.start(ann, "trial", {"who": "ann"}), "fill")
    _save(trial, ann, task_id, 0, {"note": "hello", "phone": PHONE})
    trial.engine.database.transact(lambda unit: vault.erase_subject(unit.connection, "ann"))
    draft = _fetch(trial, ann, task_id)
    assert draft is not None
    assert draft.values["note"] == "hello"
    assert "phone" not in draft.values


def test_draft_is_its_authors_alone(trial: Stage) -> None:
    ann = trial.person("ann")
    instance_id = trial.start(ann, "trial", {"who": "ann"})
    trial.do(ann, instance_id, "fill", {"note": "hello", "amount_fen": "12.50"})
    owner, colleague = (trial.staff(name, "platform_reviewer") for name in ("rev", "dep"))
    task_id = trial.task_id(owner, instance_id, "check")
    _save(trial, owner, task_id, 0, {"note": "mine"})
    assert _fetch(trial, colleague, task_id) is None
    assert _save(trial, colleague, task_id, 0, {"note": "other"}).revision == 1
    with pytest.raises(NotFound):  # he filled in the first form, so the second is none of his business
        _save(trial, ann, task_id, 0, {"note": "x"})
    claim_task(trial.engine, owner, task_id)
    with pytest.raises(TaskAlreadyClaimed):
        _save(trial, colleague, task_id, 1, {"note": "later"})
    found = _fetch(trial, owner, task_id)
    assert found is not None
    assert found.values["note"] == "mine"


def test_two_windows_do_not_overwrite_each_other(trial: Stage) -> None:
    ann = trial.person("ann")
    task_id = trial.task_id(ann, trial.start(ann, "trial", {"who": "ann"}), "fill")
    _save(trial, ann, task_id, 0, {"note": "first window"})
    with pytest.raises(DraftChanged) as refused:
        _save(trial, ann, task_id, 0, {"note": "second window"})
    assert refused.value.revision == 1
    outcomes: list[str] = []

    def save(note: str) -> None:
        try:
            outcomes.append(str(_save(trial, ann, task_id, 1, {"note": note}).values["note"]))
        except DraftChanged:
            outcomes.append("")

    threads = [threading.Thread(target=save, args=(f"n{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = _fetch(trial, ann, task_id)
    assert kept is not None
    assert [one for one in outcomes if one] == [kept.values["note"]]


def test_draft_keeps_uploads_but_no_strangers(trial: Stage) -> None:
    ann, bob = trial.person("ann"), trial.person("bob")
    task_id = trial.task_id(ann, trial.start(ann, "trial", {"who": "ann"}), "fill")
    mine, foreign = (_upload(trial, party) for party in ("ann", bob.party_id))
    saved = save_draft(trial.engine, ann, task_id, 0, MultiDict([("photos", mine), ("photos", foreign)]))
    assert mine in str(saved.values["photos"])
    assert foreign not in str(saved.values["photos"])
    view = fetch_task(trial.engine, ann, task_id)
    assert bind_task(trial.engine, ann, view, "zh", draft=saved.values).file_ids == [mine]


def _upload(stage: Stage, party_id: str) -> str:
    engine = stage.engine
    stored = engine.database.transact(
        lambda unit: store_file(unit, engine.keys, engine.files, "a.txt", io.BytesIO(party_id.encode()), party_id)
    )
    return stored.id
