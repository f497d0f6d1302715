"""Plays a recorded case again: the acts of every step in their order, at the instants they happened."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from engine.language.errors import BpmnError, TaskNotWaiting
from engine.language.migration import MigrationBlocked, move_case
from engine.language.sandbox import Sandbox, TimeBudget
from engine.language.specs.task import READY, TracedTask
from engine.language.state import compact, freeze, thaw
from engine.language.workflow import Case
from engine.records.history import event
from engine.records.recorder import Recorder
from engine.runtime.reconsidering import read_renamed
from engine.runtime.replay.comparing import Comparison
from engine.runtime.replay.definitions import Definitions, Finder, VersionsGone
from engine.runtime.replay.host import RecordedFailure, ReplayEngine, ReplayHost, Stopped
from engine.runtime.replay.places import Place, Places, path_of
from engine.runtime.replay.recorded import COMPARED, DAMAGE, Act, RecordedCase, RecordedStep, Sent, Verb, take_dict
from engine.runtime.replay.results import Difference, Ending, Kind, Reason, Replay
from engine.runtime.step import ACTIVE, CANCELLED, COMPLETED
from engine.storage.clock import format_instant
from engine.storage.columns import EPOCH
from engine.storage.plain import PlainDict

STEP_SECONDS = 1.0  # of sandbox time: more than a live step has, so that a slow machine makes no difference


def replay(recorded: RecordedCase, target: Finder, sandbox: Sandbox) -> Replay:
    """Runs a case again from what was recorded. Raises SandboxBusy, UnknownDefinition, DefinitionUnparsable."""
    try:
        player = Player(recorded, target, sandbox)
    except VersionsGone as gone:
        stopped = _miss(recorded.steps[0].seq if recorded.steps else 0, gone)
        whose = (recorded.instance_id, recorded.process_key, recorded.business_key)
        return Replay(*whose, 0, len(recorded.steps), stopped, stopped, recorded.ending, None)
    return player.play()


class Player:
    """One case that is played again; what its host and its expressions need of the step it is in."""

    def __init__(self, recorded: RecordedCase, target: Finder, sandbox: Sandbox) -> None:
        self.recorded, self.target, self.sandbox = recorded, target, sandbox
        self.definitions = target.find(recorded.pin_set_id, recorded.process_key)
        self.step = recorded.steps[0] if recorded.steps else RecordedStep(0, EPOCH)
        self.budget = TimeBudget(STEP_SECONDS)
        self.places = Places()
        self.host = ReplayHost(self, recorded.calls)
        self._recorder = Recorder()
        self._followed = 0  # events of the step that `places` knows
        self._engine = ReplayEngine(sandbox, budget=self.budget)
        self._engine.player = self
        self._case = Case(self.definitions.specs, self._engine, self.host, self._recorder)
        self._is_cancelled = False
        self._former: dict[str, tuple[Definitions, bytes]] = {}  # by migration: what the case was before it
        self._waiting: set[tuple[str, str, str, str]] = set()
        self._due: dict[str, datetime] = {}
        self._recorded_dues: set[tuple[str, str]] = set()  # by element: the timers there were until now

    @property
    def now(self) -> datetime:
        """The instant of the step."""
        return self.step.at

    def note(self, fact: PlainDict) -> None:
        """Adds an event to the step."""
        self._recorder.events.append(fact)

    def find_overrun(self, task: TracedTask) -> str | None:
        """The error this element was recorded to have failed with in this step for lack of time."""
        overruns = [one for one in self.step.failures if one.is_overrun]
        path = path_of(task) if overruns else ()
        return next((one.error for one in overruns if one.place.path == path), None)

    def play(self) -> Replay:
        """To the end, or as far as what was recorded fits."""
        case, comparison = self.recorded, Comparison()
        difference: Difference | None = None
        stopped = now = None
        followed = 0
        for step in case.steps:
            self.step = step
            try:
                difference = self._play_and_compare(comparison, difference)
            except Stopped as stop:
                stopped = Difference(stop.kind, stop.reason, step.seq, stop.element, **stop.told)
                difference = difference or self._compare_begun(comparison)
                break
            except (VersionsGone, *DAMAGE) as damage:
                stopped = _miss(step.seq, damage)
                break
            followed += 1
        if stopped is None and (case.broken is not None or not case.steps):
            stopped = _miss(case.broken or 0)
        if stopped is None:
            now = self._find_ending()
        difference = difference or stopped or self._compare_endings(now)
        whose = (case.instance_id, case.process_key, case.business_key)
        return Replay(*whose, followed, len(case.steps), difference, stopped, case.ending, now)

    def _play_and_compare(self, comparison: Comparison, difference: Difference | None) -> Difference | None:
        """One step; gives the first difference until then. Raises Stopped, VersionsGone, and DAMAGE for what nothing
        here has written.
        """
        step = self.step
        if difference is not None:
            self._check_timers()
        events, waits = self._play_step()
        self._recorded_dues |= {(str(one["element"]), str(one["due_at"])) for one in step.waits if "due_at" in one}
        if difference is None and (found := comparison.compare(step, events, waits)) is not None:
            return self._explain(found)
        return difference

    def _compare_begun(self, comparison: Comparison) -> Difference | None:
        """The first difference up to where the step had to stop."""
        try:
            found = comparison.compare_begun(self.step, self._list_events())
            return None if found is None else self._explain(found)
        except DAMAGE:  # why it had to stop is told in any case
            return None

    def _explain(self, difference: Difference) -> Difference:
        """With why an element fails now, or what was decided at it."""
        element, facts = difference.element or "", difference.facts
        if difference.reason is Reason.FAILED and element in self.host.errors:
            return replace(difference, facts=facts | {"error": self.host.errors[element]})
        decided = self.host.decided.get(element)
        if difference.reason is Reason.VARIABLE and decided is not None:
            of_element = [one for one in self.step.decisions if one["element"] == element]
            before = of_element[-1].get("matched", []) if of_element else []
            rules: PlainDict = {"rules_before": before, "rules_now": [*decided.matched]}
            return replace(difference, facts=facts | {"table": decided.key} | rules)
        return difference

    def _compare_endings(self, now: Ending | None) -> Difference | None:
        before = self.recorded.ending
        if now is None or now == before:
            return None
        facts: PlainDict = {"status_before": before.status, "status_now": now.status}
        return Difference(Kind.OUTCOME, Reason.OUTCOME, self.step.seq, None, before.outcome, now.outcome, facts)

    def _find_ending(self) -> Ending:
        status = CANCELLED if self._is_cancelled else COMPLETED if self._case.is_completed() else ACTIVE
        return Ending(status, self._case.outcome)

    def _check_timers(self) -> None:
        """Where the runs have parted a timer may be due before what was recorded next; nobody knows what then happens.

        One that was as late in the recorded run does not count. Raises Stopped.
        """
        for task_id, due in self._case.timers():
            element = self._case.get_task_from_id(task_id).task_spec.element.id
            if due < self.now and (element, format_instant(due)) not in self._recorded_dues:
                raise Stopped(Reason.TIMER_FIRST, element, facts={"due_at": format_instant(due)})

    # --- one step ---------------------------------------------------------------------------------------------------
    def _play_step(self) -> tuple[list[PlainDict], list[PlainDict]]:
        """The events of the step that are compared, and what began to be waited for. Raises Stopped."""
        self._begin()
        if not self.step.acts:
            raise Stopped(Reason.NOT_RECORDED, None)
        for act in self.step.acts:
            self._act(act)
            self._follow()
        self._stall()
        self._recorder.finish()
        waits = self._find_waits()
        compact(self._case)
        return self._list_events(), waits

    def _list_events(self) -> list[PlainDict]:
        return [one for one in self._recorder.events if one["kind"] in COMPARED]

    def _begin(self) -> None:
        """As a step that has loaded the case from its state."""
        self._recorder, self._followed = Recorder(), 0
        self._case.recorder = self._recorder
        if self._case.tasks:
            self._recorder.attach(self._case)
        self._case.seen_by = {}
        self.budget.used_seconds = 0.0
        self._engine.environment.globals = {"now": format_instant(self.now)}

    def _follow(self) -> None:
        self.places.follow(self._recorder.events[self._followed :])
        self._followed = len(self._recorder.events)

    def _act(self, act: Act) -> None:
        case, told = self._case, act.event
        if act.verb is Verb.START:
            start = told.get("element")
            payload = take_dict(told, "payload") if start else None
            case.start(take_dict(told, "values"), str(start) if start else None, payload)
            return
        if act.verb is Verb.CANCEL:
            self._is_cancelled = True
            case.cancel()
            return
        if act.verb is Verb.MIGRATE:
            self._migrate(told)
            return
        task = self._find(act.place, str(told["element"]))
        try:
            self._act_on(task, act)
        except TaskNotWaiting as error:
            raise Stopped(Reason.NOT_WAITING, str(told["element"]), facts={"verb": act.verb.value}) from error

    def _act_on(self, task: TracedTask, act: Act) -> None:
        case, told = self._case, act.event
        match act.verb:
            case Verb.COMPLETE:
                case.complete(task, self._find_values(task, act.sent))
            case Verb.FIRE:
                self._check_due(task)
                case.fire_timer(task)
            case Verb.DELIVER:
                case.deliver(task, take_dict(told, "payload"))
            case Verb.RELEASE:
                case.release(task)
            case Verb.ANSWER:
                case.complete_service(task, _read_result(told))
            case Verb.THROW:
                case.throw(task, BpmnError(str(told["error"]), str(told.get("message", "")), take_dict(told, "values")))
            case Verb.FAIL:
                case.fail_service(task, RecordedFailure(self._find_failure(act)))
            case Verb.FIX:
                facts: PlainDict = {name: told[name] for name in ("reason", "incident") if name in told}
                case.fix(task, take_dict(told, "set"), facts)
            case Verb.RETRY:
                case.retry(task, {"incident": told["incident"]} if "incident" in told else {})
            case Verb.START | Verb.CANCEL | Verb.MIGRATE:
                raise AssertionError("these are done to the case")
            case _:
                assert_never(act.verb)

    def _migrate(self, told: PlainDict) -> None:
        """To other versions, or by the same migration back to what it was. Raises Stopped."""
        former = self._former.pop(str(told["migration"]), None)
        if former is not None:
            self.definitions, state = former
            self._replace(thaw(state, self.definitions.specs, self._engine, self.host))
            return
        definitions = self.target.find(str(told["pins"]), self.recorded.process_key)
        if definitions is self.definitions:
            return  # it is replayed on one version whatever it ran on
        self._former[str(told["migration"])] = self.definitions, freeze(self._case)
        renamed = read_renamed(take_dict(told, "renamed"))
        try:
            moved = move_case(self._case, definitions.specs, renamed, self._engine, self.host)
        except MigrationBlocked as blocked:
            raise Stopped(Reason.NOT_MOVED, blocked.element) from blocked
        self.definitions = definitions
        self._replace(moved)
        moved.do_engine_steps()

    def _replace(self, case: Case) -> None:
        self._case.wake()
        self._recorder.replace(case)
        self._case = case

    def _check_due(self, task: TracedTask) -> None:
        """A recorded timer must be due here as well. Raises Stopped."""
        due = self._due.get(task.id)
        if due is not None and due > self.now:
            raise Stopped(Reason.NOT_DUE, task.task_spec.element.id, facts={"due_at": format_instant(due)})

    def _find(self, place: Place | None, element: str) -> TracedTask:
        """The open task at a place. Raises Stopped."""
        task_id = None if place is None else self.places.find(place)
        if task_id is None:
            raise Stopped(Reason.NOT_OPEN, element, now=[*self.places.elements()])
        return self._case.get_task_from_id(task_id)

    def _find_values(self, task: TracedTask, sent: Sent) -> PlainDict:
        """What of a submission the form of this version would have given to process data. Raises Stopped."""
        element, content = task.task_spec.element, sent.content
        if not element.form_key:
            return {} if sent.form_id else content
        form = self.definitions.form(element.form_key)
        for name in form.always_required:
            if name not in content:
                raise Stopped(Reason.FORM_ASKS, element.id, facts={"form": form.key, "field": name})
        return {name: content[name] for name in form.variables if name in content}

    def _find_failure(self, act: Act) -> str:
        return next((one.error for one in self.step.failures if one.place == act.place), "")

    def _stall(self) -> None:
        """What was recorded to have failed although nothing of it is wrong: a task of which nobody knew whose it is."""
        for failure in self.step.failures:
            task_id = self.places.find(failure.place)
            task = None if task_id is None else self._case.get_task_from_id(task_id)
            if task is not None and task._state == READY and task.task_spec.manual:
                task.stall("run", RecordedFailure(failure.error))

    def _find_waits(self) -> list[PlainDict]:
        """As `Step` notes them."""
        case = self._case
        waiting, due = set(case.subscriptions()), dict(case.timers())
        facts: list[tuple[str, PlainDict]] = [
            (task, {"awaits": kind, "name": name, "key": key}) for task, kind, name, key in waiting - self._waiting
        ]
        facts += [
            (task, {"awaits": "timer", "due_at": format_instant(at)})
            for task, at in due.items()
            if self._due.get(task) != at
        ]
        self._waiting, self._due = waiting, due
        return [
            event("waiting", task=task, element=case.get_task_from_id(task).task_spec.element.id, **told)
            for task, told in facts
        ]


def _read_result(told: PlainDict) -> PlainDict:
    """What a worker, or the chunks of a batch, gave."""
    if told["kind"] == "worked":
        return take_dict(told, "result")
    empty: PlainDict = {"results": [], "rejected": [], "items": 0}
    return empty | {name: told[name] for name in empty if name in told}


def _miss(seq: int, error: Exception | None = None) -> Difference:
    """The history does not hold what happened; only the name of an error is told, its words may hold data."""
    facts: PlainDict = {} if error is None else {"error": type(error).__name__}
    return Difference(Kind.CANNOT_FOLLOW, Reason.NOT_RECORDED, seq, None, facts=facts)
