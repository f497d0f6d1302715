"""Multi-instances and loops.

What a body does after a child is worked out from that child alone, so that a thousand of them cost a thousand times
what one costs; when it is tried again, from all its children.
"""

from bisect import bisect_left
from typing import Any, cast

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from engine.language.errors import TryAgain, ValueUnfit
from engine.language.repairs import repairs
from engine.language.specs.base import VARIABLE, ElementSpec, evaluate, resolve
from engine.language.specs.task import COMPLETED, READY, STARTED, UNFINISHED, TracedTask
from engine.storage.plain import Plain, PlainDict


class LoopSpec(ElementSpec, BpmnSpecMixin):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """The body of a multi-instance or loop; its children are the instances, one after the other or at once."""

    task_spec = ""  # name of the spec of the instances; the parser sets it

    def child_completed(self, task: TracedTask, child: TracedTask) -> None:
        if child.task_spec.name != self.task_spec:
            return  # what follows the loop
        try:
            self.settle(task, task.children if "stalled" in task.internal_data else [child])
        except TryAgain:
            raise
        except Exception as error:  # noqa: BLE001  # whatever goes wrong in an element becomes its incident
            task.stall("settle", error)

    def settle(self, task: TracedTask, children: list[TracedTask]) -> None:
        """Take over what of these has completed since, and end or go on."""
        raise NotImplementedError

    def _run_hook(self, task: TracedTask) -> bool | None:
        if task.internal_data.get("settled"):
            return True
        self.settle(task, task.children)
        return True if task.internal_data.get("settled") else None

    def end(self, task: TracedTask) -> None:
        """Cancel what is left and complete."""
        for child in task.children:
            child.cancel()
        task.internal_data.pop("stalled", None)
        task.internal_data["settled"] = True
        task._set_state(READY)

    @repairs(
        "instances-change-the-spec",
        "Starting an instance changes the spec all cases share; where none has been started a loop never ends.",
    )
    def add_instance(self, task: TracedTask, index: int, values: PlainDict) -> None:
        child = task._add_child(task.workflow.spec.task_specs[self.task_spec])
        child.internal_data["index"] = index
        child.data = values
        child.task_spec._update(child)

    def is_resting(self, task: TracedTask) -> bool:
        """Of instances one after the other: whether the newest is over."""
        return not task._children or not task.workflow.tasks[task._children[-1]]._state & UNFINISHED

    def take_completed(self, task: TracedTask, children: list[TracedTask]) -> list[TracedTask]:
        """Those of the instances that completed since the last time; each is handed out once."""
        completed = [c for c in children if c._state == COMPLETED and "taken" not in c.internal_data]
        task.internal_data["merged"] = task.count("merged") + len(completed)
        for child in completed:
            child.internal_data["taken"] = True
        return completed


class StandardLoop(LoopSpec):
    """Repeats while its condition holds, at most so many times; each turn goes on with the data of the one before."""

    def __init__(
        self, process: Any, bpmn_id: str, maximum: int | None, condition: str | None, test_before: bool, **options: Any
    ) -> None:
        super().__init__(process, bpmn_id, **options)
        self.maximum, self.condition, self.test_before = maximum, condition, test_before

    def _update_hook(self, task: TracedTask) -> bool:
        task._inherit_data()
        task.internal_data["merged"] = 0
        if self.test_before and self._is_over(task):
            task.internal_data["settled"] = True
            return True
        task._set_state(STARTED)
        self.add_instance(task, 0, {})
        return False

    def settle(self, task: TracedTask, children: list[TracedTask]) -> None:
        for child in self.take_completed(task, children):
            task.data = child.data
        if self._is_over(task):
            self.end(task)
        elif self.is_resting(task):
            self.add_instance(task, task.count("merged"), {})

    def _is_over(self, task: TracedTask) -> bool:
        if self.maximum is not None and task.count("merged") == self.maximum:
            return True
        return self.condition is not None and not evaluate(task, self.condition)


class MultiInstance(LoopSpec):
    """One instance per item; the results are collected in the order of the items, and nothing else comes out."""

    def __init__(
        self,
        process: Any,
        bpmn_id: str,
        is_sequential: bool,
        collection: str | None,
        cardinality: str | None,
        element_variable: str | None,
        output_collection: str | None,
        output_element: str | None,
        condition: str | None,
        **options: Any,
    ) -> None:
        super().__init__(process, bpmn_id, **options)
        self.is_sequential, self.element_variable = is_sequential, element_variable
        self.collection, self.cardinality = collection, cardinality
        self.output_collection, self.output_element = output_collection, output_element
        self.condition = condition

    @repairs(
        "element-variable-clash",
        "An element variable with the name of a process variable fails when its instances start.",
    )
    def own_values(self, child: TracedTask) -> PlainDict:
        variable = self.element_variable
        return {variable: child.data[variable]} if variable is not None and variable in child.data else {}

    def _update_hook(self, task: TracedTask) -> bool:
        task._inherit_data()
        items = self._find_items(task)
        task.internal_data["total"], task.internal_data["merged"] = len(items), 0
        task._set_state(STARTED)
        if self.output_collection is not None:
            task.data = {**task.data, self.output_collection: []}
        if not items:
            self.end(task)
        elif self.is_sequential:
            task.internal_data["remaining"] = items[1:]
            self.add_instance(task, 0, self._values_for(items[0]))
        else:
            for index, item in enumerate(items):
                self.add_instance(task, index, self._values_for(item))
        return False

    @repairs(
        "completion-condition-sees-the-child",
        "A completion condition sees the data of the last instance, where the collected output is still empty.",
    )
    def settle(self, task: TracedTask, children: list[TracedTask]) -> None:
        if self.output_collection is not None and self.output_element is not None:
            for child in children:
                if child._state == COMPLETED:
                    self._collect(task, child, self.output_collection)
        self.take_completed(task, children)
        merged = task.count("merged")
        if merged == task.count("total") or (self.condition is not None and evaluate(task, self.condition)):
            self.end(task)
        elif self.is_sequential and self.is_resting(task):
            remaining = task.internal_data["remaining"]
            assert isinstance(remaining, list)
            task.internal_data["remaining"] = remaining[1:]
            self.add_instance(task, merged, self._values_for(remaining[0]))

    def _collect(self, task: TracedTask, child: TracedTask, collection: str) -> None:
        """Adds the output of a child at its place among those that are there."""
        numbers = self._find_collected(task, collection)
        number = child.count("index")
        place = bisect_left(numbers, number)
        if numbers[place : place + 1] == [number]:
            return
        output, there = self._find_output(child), task.data[collection]
        if not isinstance(there, list):
            raise ValueUnfit(f"Expected a list in {collection}, but it holds {there!r}", expression=collection)
        task.internal_data["collected"] = [*numbers[:place], number, *numbers[place:]]
        task.data = {**task.data, collection: [*there[:place], output, *there[place:]]}

    def _find_collected(self, task: TracedTask, collection: str) -> list[int]:
        """Whose outputs are in the list, by their numbers. States before version 4 have the outputs themselves."""
        outputs = task.internal_data.pop("outputs", None)
        if isinstance(outputs, dict):
            task.internal_data.pop("highest", None)
            task.internal_data["collected"] = [*map(int, sorted(outputs, key=int))]
            task.data = {**task.data, collection: [outputs[number] for number in sorted(outputs, key=int)]}
        return cast(list[int], task.internal_data.get("collected", []))

    def _find_items(self, task: TracedTask) -> list[Plain]:
        if self.collection is not None:
            items = evaluate(task, self.collection)
            if not isinstance(items, list):
                raise ValueUnfit(f"Expected a list, but {self.collection} gave {items!r}", expression=self.collection)
            return items
        assert self.cardinality is not None
        count = evaluate(task, self.cardinality)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            message = f"Expected a number of instances, but {self.cardinality} gave {count!r}"
            raise ValueUnfit(message, expression=self.cardinality)
        return list(range(count))

    @repairs("item-of-none-hangs", "A sequential multi-instance over a list with a none in it never ends.")
    def _values_for(self, item: Plain) -> PlainDict:
        return {} if self.element_variable is None else {self.element_variable: item}

    @repairs("outputs-as-they-come", "The outputs of parallel instances are collected in the order in which they end.")
    def _find_output(self, child: TracedTask) -> Plain:
        assert self.output_element is not None
        if VARIABLE.fullmatch(self.output_element):
            return child.data.get(self.output_element)
        return resolve(child, f"${{{self.output_element}}}")
