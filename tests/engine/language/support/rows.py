"""A row of the table: a diagram, what is done to it, and what must come of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from engine.language.errors import BpmnError
from engine.language.workflow import Case
from engine.storage.plain import Plain, PlainDict
from tests.engine.language.trial import Topic, Trial

FILES = Path(__file__).parents[1] / "elements"
Act = Callable[[Trial], object]


@dataclass(frozen=True)
class Row:
    """`file` is a diagram; `fault` is what SpiffWorkflow 3.2.0 makes of it, where that is wrong.

    Of one that runs: `payload` is what its start event brought, `acts` are done one after the other, then `path` are
    the elements that completed in this order, `data` those the case ended with, `outcome` its end event, `sent` the
    messages and signals it sent. Of one that is refused: `rule` is the rule of the lint that says so and `element` what
    it names.
    """

    file: str
    title: str
    what: str = ""
    fault: str = ""
    acts: tuple[Act, ...] = ()
    given: PlainDict = field(default_factory=dict)
    start_event: str | None = None
    payload: PlainDict | None = None
    called: tuple[str, ...] = ()
    path: str = ""
    data: PlainDict = field(default_factory=dict)
    outcome: str = "done"
    sent: tuple[tuple[str, ...], ...] = ()
    rule: str = ""
    element: str = ""

    @property
    def xml(self) -> bytes:
        return (FILES / f"{self.file}.bpmn").read_bytes()


def do(element: str, index: int | None = None, **values: Plain) -> Act:
    """A person completes a user task."""
    return lambda trial: trial.complete(element, values, index)


def tick(element: str) -> Act:
    """A timer is due."""
    return lambda trial: trial.fire(element)


def hear(element: str, **payload: Plain) -> Act:
    """The message or signal an element waits for comes."""
    return lambda trial: trial.deliver(element, payload)


def go_on(element: str) -> Act:
    """What `asyncBefore` holds in front of an element is let go; of several the first."""

    def release(case: Case) -> None:
        case.release(next(task for task in case.async_waits() if task.task_spec.bpmn_id == element))

    return lambda trial: trial.step(release)


def serve(element: str, **result: Plain) -> Act:
    """An external worker has done its work."""
    return lambda trial: trial.step(lambda case: case.complete_service(case.find(element), result))


def still(*elements: str) -> Act:
    """Nothing is done: these are open now."""

    def act(trial: Trial) -> None:
        assert trial.open_elements() == sorted(elements)

    return act


def fail(code: str) -> PlainDict:
    raise BpmnError(code, "out of stock")


TOPICS: dict[str, Topic] = {"echo": lambda **values: dict(values), "fail": fail, "outside": lambda: None}


def run_row(row: Row, *, compacting: bool, fresh_specs: bool) -> Trial:
    """The case after all acts; saved and loaded between any two of them."""
    trial = Trial(
        row.xml,
        data=row.given,
        topics=TOPICS,
        start_event=row.start_event,
        payload=row.payload,
        called=row.called,
        compacting=compacting,
        fresh_specs=fresh_specs,
    )
    for act in row.acts:
        act(trial)
    return trial


def find_path(trial: Trial) -> str:
    return " ".join(element for _, element in trial.log("completed"))


def find_sent(trial: Trial) -> tuple[tuple[str, ...], ...]:
    messages = [(name, key, str(payload)) for name, key, payload in trial.host.published]
    return tuple(messages + [(name, str(payload)) for name, payload in trial.host.signals])
