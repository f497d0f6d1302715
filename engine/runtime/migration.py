"""A case goes over to other versions, and back: the two steps that do it."""

from dataclasses import dataclass

import orjson
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import DBAPIError

from engine.definitions.catalogue import PROCESS, Pins
from engine.language.errors import TryAgain
from engine.language.migration import MigrationBlocked, Renamed, move_case
from engine.language.specs.task import READY, TracedTask
from engine.language.state import thaw
from engine.language.versions import split_version
from engine.language.workflow import Case
from engine.records.history import event
from engine.records.migrations import add_former_elements, remove_former_elements
from engine.records.worklist import OpenTask, move_task, offer_anew, read_offer, restore_offer
from engine.runtime.assignment import Assigner
from engine.runtime.reconsidering import Place, read_renamed
from engine.runtime.step import Step
from engine.storage.outside import batch, external_task
from engine.storage.plain import PlainDict
from engine.storage.prepared import Prepared
from engine.storage.tables import definition, incident

# What a diagram says of whose a task is. Where none of it changed, nobody is asked again.
OFFERED_BY = (
    *("assignee", "candidate_users", "candidate_groups", "member_roles"),
    *("skill", "relation", "exclude", "priority"),
)
_VERSION = Prepared(select(definition.c.version).where(definition.c.id == bindparam("id_")))


@dataclass(frozen=True)
class Goal:
    """Where cases of a process go: the versions they get, and the elements that have another name there."""

    process_key: str
    pins: Pins
    renamed: Renamed

    @property
    def definition_id(self) -> str:
        """The version of the process itself."""
        return self.pins.find(PROCESS, self.process_key)


def migrate(step: Step, goal: Goal, migration_id: str) -> bytes | None:
    """Takes the case of a step over; gives what `revert` needs, or None if it went on at once by itself.

    Raises MigrationBlocked.
    """
    before, state, versions = step.case, step.row["state"], _versions_of(step)
    target = step.engine.catalogue.process(step.connection, goal.pins, goal.process_key)
    moved = move_case(before, target, goal.renamed, before.script_engine, step.host)
    _note(step, goal.pins.id, goal.definition_id, goal.renamed, migration_id)
    step.replace_case(moved, goal.pins, goal.definition_id)
    add_former_elements(step.connection, step.instance_id, goal.renamed)
    _move_records(step, before, moved)
    offers = [offer for was, task in pair_tokens(before, moved) if (offer := _offer_anew(step, was, task)) is not None]
    step.case.do_engine_steps()
    if any(one["kind"] in ("completed", "failed") and "joined" not in one for one in step.recorder.events):
        return None
    renamed: PlainDict = {f"{key}/{new}": old for (key, old), new in goal.renamed.items()}
    header: PlainDict = {**versions, "offers": [*offers], "renamed": renamed}
    snapshot: bytes = orjson.dumps(header) + b"\n" + state
    return snapshot


def revert(step: Step, snapshot: bytes, migration_id: str) -> None:
    """Puts a case back to what it was before `migrate`, of which nothing may have happened since."""
    head, _, state = snapshot.partition(b"\n")
    header = orjson.loads(head)
    catalogue, current = step.engine.catalogue, step.case
    pins = catalogue.pins(step.connection, header["pin_set_id"])
    specs = catalogue.process(step.connection, pins, step.row["process_key"])
    restored = thaw(state, specs, current.script_engine, step.host)
    renamed = read_renamed(header["renamed"])
    _note(step, pins.id, header["definition_id"], renamed, migration_id)
    step.replace_case(restored, pins, header["definition_id"])
    _move_records(step, current, restored)
    for offer in header["offers"]:
        restore_offer(step.connection, offer)
    remove_former_elements(step.connection, step.instance_id, {(k, old): new for (k, new), old in renamed.items()})


def _note(step: Step, pin_set_id: str, definition_id: str, renamed: Renamed, migration_id: str) -> None:
    """Ahead of what it does to the tokens, so that whoever reads on reads in the new diagrams."""
    names: PlainDict = {f"{key}/{old}": new for (key, old), new in renamed.items()}
    before, after = (
        _VERSION.scalar(step.connection, {"id_": one}) for one in (step.row["definition_id"], definition_id)
    )
    facts: PlainDict = {"former_version": before, "version": after, "renamed": names, "migration": migration_id}
    step.note(event("migrated", pins=pin_set_id, **facts))


def _versions_of(step: Step) -> PlainDict:
    return {"definition_id": step.row["definition_id"], "pin_set_id": step.row["pin_set_id"]}


def _move_records(step: Step, before: Case, after: Case) -> None:
    """Work list, work outside and incidents follow their tasks; what opened or closed is left to `Step.close`."""
    for was, task in pair_tokens(before, after):
        element = task.task_spec.element
        if _is_user_task(task):
            definition_id = step.engine.catalogue.process_id(step.connection, step.pins, element.process_key)
            move_task(step.connection, task.id, definition_id, element.id)
        if element.id != was.task_spec.element.id:
            for table in (external_task, batch, incident):
                step.connection.execute(update(table).where(table.c.task_id == task.id).values(element=element.id))


def _offer_anew(step: Step, was: TracedTask, task: TracedTask) -> PlainDict | None:
    """Offers a user task as the new diagram says; how it was offered before, where that has changed."""
    if not is_offered_anew(was, task):
        return None
    definition_id = step.engine.catalogue.process_id(step.connection, step.pins, task.task_spec.element.process_key)
    before = read_offer(step.connection, task.id)
    if offer_anew(step.connection, make_offer(step.assigner, definition_id, was, task)):
        step.note(event("assigned", task=task.id, element=task.task_spec.element.id, user=None))
    return before


def make_offer(assigner: Assigner, definition_id: str, was: TracedTask, task: TracedTask) -> OpenTask:
    """To whom the new diagram offers a task. Raises MigrationBlocked if to nobody."""
    try:
        return assigner.offer(task.id, definition_id, task.task_spec.element, task.data)
    except (DBAPIError, TryAgain):
        raise
    except Exception as error:
        process, element = place_of(was)
        raise MigrationBlocked("unassigned", process, element, problem=str(error)[:500]) from error


def is_offered_anew(was: TracedTask, task: TracedTask) -> bool:
    """Whether the new diagram says something else of whose a task is."""
    old, new = was.task_spec.element, task.task_spec.element
    return _is_user_task(task) and any(getattr(old, name) != getattr(new, name) for name in OFFERED_BY)


def _is_user_task(task: TracedTask) -> bool:
    return task._state == READY and bool(task.task_spec.manual)


def pair_tokens(before: Case, after: Case) -> list[tuple[TracedTask, TracedTask]]:
    """Every token of both, as it was and as it is."""
    former = {task.id: task for task in before.tokens()}
    return [(former[task.id], task) for task in after.tokens() if task.id in former]


def place_of(task: TracedTask) -> Place:
    """Process and element of a task."""
    return split_version(task.workflow.spec.process_key)[0], task.task_spec.bpmn_id
