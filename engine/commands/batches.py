"""Batches: each chunk in a transaction of its own, the end of the task in a step of its own."""

from sqlalchemy import select

from engine.definitions.registry import TOPICS, BatchTopic
from engine.language.errors import BpmnError, EngineError
from engine.language.specs.task import TracedTask
from engine.language.values import Border
from engine.records.batches import Chunk, collect_results, find_chunk, finish_chunk, give_up_chunk
from engine.records.history import event
from engine.records.jobs import Job, LeaseLost, finish_job, settle_job
from engine.runtime.engine import Engine
from engine.runtime.errors import InstanceClosed
from engine.runtime.host import StepOutbox
from engine.runtime.step import Command, Step, run_step
from engine.storage.actor import SYSTEM
from engine.storage.database import UnitOfWork
from engine.storage.outside import batch
from engine.storage.plain import Plain, PlainDict

CHUNK_ATTEMPTS = 5
KIND = "batch"


class ChunkFailed(EngineError):
    """A chunk of a batch failed at every attempt; the others are kept."""

    def __init__(self, chunk: Chunk, error: str) -> None:
        message = f"Expected chunk {chunk.number} of {chunk.chunks} of {chunk.topic} to be done, but {error}"
        super().__init__(message, chunk=chunk.number, chunks=chunk.chunks, topic=chunk.topic)


class TopicUnknown(EngineError):
    """Nobody registered the batch topic any more that a task waits for."""


class _TaskGone(Exception):
    """The task was left while the chunk ran: what it did is rolled back."""


class EngineChunkCall(StepOutbox):
    """See `registry.ChunkCall`."""

    def __init__(self, engine: Engine, unit: UnitOfWork, chunk: Chunk) -> None:
        super().__init__(unit.connection, engine.keys, unit.now)
        self.instance_id = chunk.instance_id
        self.element = chunk.element
        self.number = chunk.number
        self.key = chunk.key
        self.rejected: list[Plain] = []

    def reject(self, item: Plain, reason: str) -> None:
        self.rejected.append({"item": item, "reason": reason})


def run_chunk(engine: Engine, claimed: Job) -> None:
    """Does one chunk. Raises whatever it raises, to be tried again; at the last attempt it becomes an incident."""
    task_id, number = str(claimed.payload["task"]), claimed.payload["number"]
    assert isinstance(number, int)
    with engine.database.read() as connection:
        chunk = find_chunk(connection, task_id, number)
    if chunk is None or chunk.is_done:
        engine.database.transact(lambda unit: finish_job(unit.connection, claimed))
        return
    try:
        engine.database.transact(lambda unit: _do_chunk(engine, unit, claimed, chunk))
    except LeaseLost:
        raise
    except _TaskGone:
        engine.database.transact(lambda unit: finish_job(unit.connection, claimed))
    except Exception as error:
        if claimed.attempt < CHUNK_ATTEMPTS and not isinstance(error, BpmnError):
            raise
        _give_up(engine, claimed, chunk, error)


def _do_chunk(engine: Engine, unit: UnitOfWork, claimed: Job, chunk: Chunk) -> None:
    settle_job(unit.connection, claimed)
    topic = TOPICS.get(chunk.topic)
    if not isinstance(topic, BatchTopic):
        raise TopicUnknown(f"Expected a batch service for topic {chunk.topic}, but nobody registered one")
    call = EngineChunkCall(engine, unit, chunk)
    result = Border([], is_stored=True).accept(topic.chunk(call, chunk.items))
    if not finish_chunk(unit.connection, unit.now, chunk, result, call.rejected):
        raise _TaskGone


def _give_up(engine: Engine, claimed: Job, chunk: Chunk, error: Exception) -> None:
    """A business error goes to its boundary event; anything else is an incident, until somebody tries again."""
    text = str(error) if isinstance(error, BpmnError | EngineError) else f"{type(error).__name__}: {error}"

    def act(step: Step) -> Plain:
        settle_job(step.connection, claimed)
        if _is_there(step, chunk.task_id):
            give_up_chunk(step.connection, chunk, text)
            task = step.case.get_task_from_id(chunk.task_id)
            facts: PlainDict = {"chunk": chunk.number, "message": text}
            if isinstance(error, BpmnError):
                _note(step, task, "batch_error", **facts, error=error.code, values=error.values)
                step.case.throw(task, error)
            else:
                _note(step, task, "batch_failed", **facts)
                step.case.fail_service(task, ChunkFailed(chunk, text))
        return None

    _run_on_instance(engine, claimed, chunk.instance_id, Command(KIND, SYSTEM, act))


def end_batch(engine: Engine, claimed: Job) -> None:
    """All chunks are done: the task is completed with what they gave."""
    task_id = str(claimed.payload["task"])

    def act(step: Step) -> Plain:
        settle_job(step.connection, claimed)
        if not _is_there(step, task_id):
            return None
        result = collect_results(step.connection, task_id)
        task = step.case.get_task_from_id(task_id)
        _note(step, task, "batch_done", **result)
        step.case.complete_service(task, result)
        return None

    _run_on_instance(engine, claimed, str(claimed.payload["instance"]), Command(KIND, SYSTEM, act))


def _note(step: Step, task: TracedTask, kind: str, **facts: Plain) -> None:
    element = task.task_spec.element
    step.note(event(kind, task=task.id, element=element.id, topic=element.topic, **facts))


def _is_there(step: Step, task_id: str) -> bool:
    return step.connection.execute(select(batch.c.task_id).where(batch.c.task_id == task_id)).first() is not None


def _run_on_instance(engine: Engine, claimed: Job, instance_id: str, command: Command) -> None:
    try:
        run_step(engine, instance_id, command)
    except InstanceClosed:  # it ended first: nothing is left to do
        engine.database.transact(lambda unit: finish_job(unit.connection, claimed))
