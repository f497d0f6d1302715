"""Puts the faults of SpiffWorkflow back in, one at a time: each entry of the registry of repairs has one here.

A switch makes our code do what the library does; the test that is named with it must then fail.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from SpiffWorkflow.bpmn.parser.node_parser import NodeParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.workflow import Workflow

from engine.language import deltas, script_engine, workflow
from engine.language.errors import BpmnError
from engine.language.nodes import ElementParser, EventParser, MessageTaskParser
from engine.language.parser import ElementProcessParser
from engine.language.specs import activities, durations, events, gateways, loops, process, schedules
from engine.language.specs.base import evaluate
from engine.language.specs.definitions import ErrorDefinition, EventDefinition, MessageDefinition, TimerDefinition
from engine.language.specs.merge import apply_changes, find_changes
from engine.language.specs.task import READY, WAITING, TracedTask
from engine.storage.plain import Plain, PlainDict
from tests.engine.language import test_parser as parsing
from tests.engine.language import test_specs_activities as on_activities
from tests.engine.language import test_specs_boundary as on_boundaries
from tests.engine.language import test_specs_event_sub_process as on_event_sub_processes
from tests.engine.language import test_specs_events as on_events
from tests.engine.language import test_specs_gateways as on_gateways
from tests.engine.language import test_specs_loops as on_loops
from tests.engine.language import test_specs_timers as on_timers
from tests.engine.language import test_state_compaction as on_state
from tests.engine.language import test_workflow as on_cases
from tests.engine.language.trial import BEGIN

Switch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Fault:
    """`test` with `arguments` passes with the repair, and raises one of `shows` with the fault."""

    switch: Switch
    test: Callable[..., None]
    arguments: Mapping[str, Any]
    shows: tuple[type[BaseException], ...]


FAULTS: dict[str, Fault] = {}
FAILURES = (AssertionError, LookupError, StopIteration, pytest.fail.Exception)  # what tests fail with


def fault(
    name: str, test: Callable[..., None], *shows: type[BaseException], **arguments: Any
) -> Callable[[Switch], Switch]:
    """Notes a switch; `shows` is what the test raises if it does not just fail."""

    def note(switch: Switch) -> Switch:
        FAULTS[name] = Fault(switch, test, arguments, shows or FAILURES)
        return switch

    return note


# --- gateways ---
@fault(
    "inclusive-join-early",
    on_gateways.test_inclusive_join_waits_for_an_open_sub_process,
    x=1,
    expected="a b d after",
    seed=1,
)
def overlook_open_sub_processes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gateways, "UNFINISHED", READY | WAITING)


@fault("parallel-join-on-a-cycle", on_gateways.test_parallel_join_on_a_cycle, orders=("xy", "yx", "xy"))
def count_earlier_turns(patch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()

    def may_fire(self: Any, _task: TracedTask, arrived: Mapping[str, int]) -> bool:
        seen.update(arrived)
        return seen >= set(self._inputs)

    patch.setattr(gateways.ParallelGateway, "may_fire", may_fire)


@fault("arrivals-by-the-clock", on_gateways.test_declared_clash_goes_to_the_branch_that_came_last)
def order_by_a_clock_that_was_set_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gateways, "sorted", lambda tokens, key: sorted(tokens, key=key, reverse=True), raising=False)


@fault("lost-update-at-a-join", on_gateways.test_join_merges_against_the_fork, order=("x", "y", "z"))
def overwrite_with_the_last_copy(patch: pytest.MonkeyPatch) -> None:
    def merge(tokens: list[TracedTask], _last_wins: object) -> PlainDict:
        return {name: value for token in tokens for name, value in token.data.items()}

    patch.setattr(gateways, "merge_tokens", merge)


@fault("silent-conflict", on_gateways.test_undeclared_clash_is_an_incident_that_can_be_retried, ValueError)
def let_the_last_win_silently(patch: pytest.MonkeyPatch) -> None:
    def merge(base: PlainDict, branches: list[PlainDict], _last_wins: object) -> PlainDict:
        return apply_changes(base, {k: v for data in branches for k, v in find_changes(base, data).items()})

    patch.setattr("engine.language.specs.merge.merge_branches", merge)


@fault("lost-update-at-the-end", on_gateways.test_branches_that_end_each_for_itself, order="xy")
def forget_what_ended_before(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gateways, "take_ended", lambda _scope, _data: {})


@fault("flows-by-height", on_gateways.test_first_condition_in_the_file_wins_however_it_is_drawn, heights=(1, 2))
def order_flows_by_height(patch: pytest.MonkeyPatch) -> None:
    find = ElementProcessParser.get_outgoing_sequence_flows

    def find_by_height(self: ElementProcessParser, source: str) -> list[Any]:
        def height(sequence_flow: Any) -> float:
            shape = f"{{*}}BPMNShape[@bpmnElement='{sequence_flow.get('targetRef')}']"
            bounds = sequence_flow.getroottree().getroot().find(f".//{shape}/{{*}}Bounds")
            return 0.0 if bounds is None else float(bounds.get("y"))

        return sorted(find(self, source), key=height)

    patch.setattr(ElementProcessParser, "get_outgoing_sequence_flows", find_by_height)


@fault("event-gateway-one-timer", on_events.test_event_gateway_goes_on_with_the_first, first="long")
def arm_the_first_timer_only(patch: pytest.MonkeyPatch) -> None:
    arm = TimerDefinition.arm

    def arm_unless_another_is(self: TimerDefinition, task: TracedTask) -> None:
        assert task.parent is not None
        if not any("due" in other.internal_data for other in task.parent.children):
            arm(self, task)

    patch.setattr(TimerDefinition, "arm", arm_unless_another_is)


# --- events ---
@fault(
    "timers-read-the-clock",
    on_timers.test_due_is_computed_once_and_firing_is_a_step_of_its_own,
    text="PT1H",
    kind="timeDuration",
    due=BEGIN + timedelta(hours=1),
)
def fire_whatever_is_due(patch: pytest.MonkeyPatch) -> None:
    run = workflow.Case.do_engine_steps

    def look_at_the_clock(case: workflow.Case) -> None:
        for task_id, due in case.timers():
            if due <= case.host.now():
                task = case.get_task_from_id(task_id)
                task.task_spec.fire(task, {})
        run(case)

    patch.setattr(workflow.Case, "do_engine_steps", look_at_the_clock)


@fault("payload-merged", on_events.test_a_message_brings_exactly_what_is_mapped, kind="catch")
def merge_the_payload(patch: pytest.MonkeyPatch) -> None:
    def run(_self: object, task: TracedTask) -> bool:
        task.data = {**task.data, **task.internal_data["payload"]}  # type: ignore[dict-item]  # a dict by construction
        return True

    patch.setattr(events.CatchingEvent, "_run_hook", run)


@fault("payload-is-everything", on_events.test_a_message_is_published_with_what_is_mapped, kind="sendTask")
def send_all_data(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(events, "map_values", lambda task, _pairs, *_context: task.data)


@fault("non-interrupting-once", on_boundaries.test_non_interrupting_message_fires_every_time)
def listen_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(events.ListeningEvent, "repeat", lambda _self, _task: None)


@fault("boundary-back-to-its-host", on_boundaries.test_boundary_that_flows_back_to_its_own_host)
def interrupt_nothing_before_the_join(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(events.BoundaryEventSplit, "child_completed", lambda _self, _task, _child: None)


@fault("boundary-runs-late", on_boundaries.test_bpmn_error_goes_outwards, outer="multi")
def queue_the_boundary(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(workflow.Case, "run_next", lambda _self, _task: None)


@fault("signal-end-is-silent", on_events.test_signals)
def throw_nothing_at_the_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(events.EndEvent, "_run_hook", lambda _self, _task: True)


@fault("uncaught-error-end", on_boundaries.test_error_that_nobody_catches_is_an_incident)
def end_as_if_nothing_had_happened(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(events, "throw_error", lambda _task, _error: None)


@fault(
    "event-sub-process-never-interrupts",
    on_event_sub_processes.test_it_starts_with_all_its_scope_knows,
    interrupting=True,
)
def never_interrupt_the_scope(patch: pytest.MonkeyPatch) -> None:
    complete = events.EventSubProcessStart._on_complete_hook

    def go_on_beside(self: events.EventSubProcessStart, task: TracedTask) -> None:
        patch.setattr(self, "cancel_activity", False)
        complete(self, task)

    patch.setattr(events.EventSubProcessStart, "_on_complete_hook", go_on_beside)


@fault("error-start-at-once", on_event_sub_processes.test_an_error_start_runs_only_when_there_is_an_error)
def start_with_the_scope(patch: pytest.MonkeyPatch) -> None:
    def begin(self: events.EventSubProcessStart, task: TracedTask) -> bool:
        task._inherit_data()
        task.internal_data["payload"] = {}
        return isinstance(self.event_definition, ErrorDefinition)

    patch.setattr(events.EventSubProcessStart, "_update_hook", begin)


@fault("start-events", on_events.test_several_start_events)
def begin_at_the_none_start(patch: pytest.MonkeyPatch) -> None:
    def begin(self: process.ProcessStart, task: TracedTask) -> bool:
        task._add_child(next(spec for spec in self.outputs if type(spec.event_definition) is EventDefinition))
        return True

    patch.setattr(process.ProcessStart, "_run_hook", begin)


# --- timers ---
@fault("storm-after-an-outage", on_timers.test_no_storm_after_an_outage)
def make_up_for_missed_turns(patch: pytest.MonkeyPatch) -> None:
    go_on = schedules.continue_cycle
    patch.setattr(events, "continue_cycle", lambda cycle, _now, calendar: go_on(cycle, BEGIN, calendar))


@fault("monthly-drift", on_timers.test_monthly_cycle_does_not_drift)
def count_days_of_the_first_month(patch: pytest.MonkeyPatch) -> None:
    def find(every: str, anchor: Any, _before: object, turn: int, calendar: durations.Calendar) -> Any:
        first = durations.add_duration(anchor, durations.parse_duration(every), calendar.zone)
        return anchor + (first - anchor) * turn

    patch.setattr(schedules, "_find_turn", find)


@fault("negative-durations", on_timers.test_nothing_goes_backward_or_stands_still, text="-PT1H", message="forward")
def take_what_is_negative_for_positive(patch: pytest.MonkeyPatch) -> None:
    parse = durations.parse_duration
    patch.setattr(on_timers, "parse_duration", lambda text: parse(text.lstrip("-")))


# --- multi-instances ---
@fault(
    "completion-condition-sees-the-child", on_loops.test_completion_condition_sees_what_was_collected_and_ends_the_rest
)
def show_the_condition_a_child(patch: pytest.MonkeyPatch) -> None:
    look = evaluate
    patch.setattr(loops, "evaluate", lambda task, text: look(task.children[-1] if task.children else task, text))


@fault("outputs-as-they-come", on_loops.test_outputs_are_in_the_order_of_the_input_and_nothing_else_comes_out)
def collect_as_they_come(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(loops, "bisect_left", lambda numbers, _number: len(numbers))


@fault("item-of-none-hangs", on_loops.test_sequential_goes_over_an_item_that_is_none, fresh_specs=False)
def wait_for_an_item_that_is_something(patch: pytest.MonkeyPatch) -> None:
    add = loops.LoopSpec.add_instance

    def add_unless_none(self: loops.LoopSpec, task: TracedTask, index: int, values: PlainDict) -> None:
        if None not in values.values():
            add(self, task, index, values)

    patch.setattr(loops.LoopSpec, "add_instance", add_unless_none)


@fault("element-variable-clash", on_loops.test_element_variable_hides_process_data_of_its_name_only_inside)
def refuse_a_variable_that_is_there(patch: pytest.MonkeyPatch) -> None:
    add = loops.LoopSpec.add_instance

    def add_unless_there(self: loops.LoopSpec, task: TracedTask, index: int, values: PlainDict) -> None:
        if clash := values.keys() & task.data.keys():
            raise ValueError(f"Expected no variable {clash}, but there is one")
        add(self, task, index, values)

    patch.setattr(loops.LoopSpec, "add_instance", add_unless_there)


@fault("instances-change-the-spec", on_loops.test_no_items_no_instances, sequential=False)
def connect_instances_when_they_start(patch: pytest.MonkeyPatch) -> None:
    find = loops.MultiInstance._find_items

    def connect(self: loops.MultiInstance, task: TracedTask) -> list[Plain]:
        task.workflow.spec.task_specs[self.task_spec]._inputs.append(self.name)
        return find(self, task)

    patch.setattr(loops.MultiInstance, "_find_items", connect)


# --- activities ---
@fault("task-without-a-type-waits", on_activities.test_business_rule_and_script)
def wait_for_somebody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(activities.PassedTask, "_run_hook", lambda _self, _task: None)


@fault("inside-left-open", on_boundaries.test_interrupting_timer_ends_the_host_and_its_inside)
def leave_the_inside_open(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(activities.Nested, "_on_cancel", lambda _self, _task: None)


@fault(
    "service-errors-are-not-caught",
    on_boundaries.test_bpmn_error_goes_to_the_boundary_of_this_task,
    mode="LOST",
    opened=["j", "top_up"],
    values={"missing": 5},
)
def let_errors_through(patch: pytest.MonkeyPatch) -> None:
    def give_up(_task: TracedTask, error: BpmnError) -> None:
        raise error

    patch.setattr(activities, "throw_error", give_up)


@fault("calls-share-all-data", on_activities.test_call_without_mapping_passes_nothing)
def hand_everything_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(activities.CallActivity, "data_for", lambda _self, task: task.data)


@fault("data-changed-in-place", on_activities.test_business_rule_and_script)
def change_values_in_place(patch: pytest.MonkeyPatch) -> None:
    execute = script_engine.SandboxEngine.execute

    def execute_in_place(self: Any, task: Any, script: str, external_context: Any = None) -> bool:
        before = task.data
        execute(self, task, script, external_context)
        for name, value in task.data.items():
            if isinstance(value, dict) and isinstance(before.get(name), dict):
                before[name].update(value)
        return True

    patch.setattr(script_engine.SandboxEngine, "execute", execute_in_place)


# --- the case and its state ---
@fault(
    "failure-ends-the-case",
    on_activities.test_any_other_exception_keeps_what_the_person_typed_and_can_be_retried,
    ZeroDivisionError,
)
def raise_through_the_case(patch: pytest.MonkeyPatch) -> None:
    def give_up(_task: TracedTask, _stage: str, error: Exception) -> None:
        raise error

    patch.setattr(TracedTask, "stall", give_up)


@fault("any-task-can-be-run", on_timers.test_a_timer_fires_once)
def run_whatever_is_named(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(workflow.Case, "_require", staticmethod(lambda *_: None))


@fault("depth-limit", on_cases.test_a_long_loop_without_compaction_is_not_cut_off)
def stop_at_a_depth_of_a_thousand(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(workflow.CaseMixin, "is_completed", Workflow.is_completed)


@fault("no-step-limit", on_cases.test_step_limit, ValueError)
def run_as_long_as_it_takes(patch: pytest.MonkeyPatch) -> None:
    def run(case: workflow.Case) -> None:
        while case._run_one():
            pass

    patch.setattr(workflow.Case, "do_engine_steps", run)


@fault("typename-in-data", on_state.test_any_key_is_harmless, TypeError, compacting=True)
def take_a_typename_for_a_type(patch: pytest.MonkeyPatch) -> None:
    read = deltas.read_row

    def make(row: list[Any], head: int) -> Any:
        if "typename" in row[-1]:
            raise TypeError("'NoneType' object is not callable")
        return read(row, head)

    patch.setattr("engine.language.state.read_row", make)


# --- the parser ---
@fault("error-reports-crash", parsing.test_what_is_refused, case="unknown error")
def report_with_a_word_unknown(patch: pytest.MonkeyPatch) -> None:
    find = EventParser._find

    def find_or_crash(self: EventParser, node: Any, *names: str) -> str:
        try:
            return find(self, node, *names)
        except ValidationException:
            NodeParser.raise_validation_exception(self, "Expected an error node", node=node)
            raise

    patch.setattr(EventParser, "_find", find_or_crash)


@fault("condition-on-a-task", parsing.test_what_is_refused, case="condition on a task")
def ignore_the_condition(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ElementParser, "connect_outgoing", TaskParser.connect_outgoing)


@fault("tasks-without-a-message", parsing.test_what_is_refused, case="send without message")
def need_no_message(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MessageTaskParser, "read_definition", lambda _self: MessageDefinition("", ""))
