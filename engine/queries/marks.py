"""How the path of a case is drawn on a diagram."""

from collections.abc import Container

from engine.queries.story import Story

DONE, NOW, FAILED = "done", "now", "err"
# A token on one of these only says that there is another one inside.
CONTAINER_KINDS = frozenset({"callActivity", "subProcess", "transaction", "adHocSubProcess"})


def mark_elements(story: Story, process_key: str, frames: Container[str]) -> dict[str, str]:
    """Elements and flows of a diagram: done where the case has been, now where it is, err where it failed.

    What holds something that failed, however deep inside, is marked err as well: it is all one sees of it from above.
    What is armed beside other work (a boundary event, the start of an event sub-process) counts only once it has fired.
    Of a sub-process drawn open (`frames`) its content is marked, not the frame.
    """
    armed = {(one.process_key, one.id) for one in story.elements.values() if one.is_listener}
    been = {*story.visits, *story.flows} - (armed - story.completed)
    marks = {element: DONE for process, element in been if process == process_key}
    failed = _list_failed(story)
    for token in story.tokens:
        element = token.element
        if element.process_key == process_key and not element.is_listener and marks.get(element.id) != FAILED:
            marks[element.id] = FAILED if token.task in failed else NOW
    return {element: mark for element, mark in marks.items() if element not in frames}


def _list_failed(story: Story) -> set[str]:
    """The tasks that failed, and those they are inside of."""
    holders = {token.task: token.scope for token in story.tokens}
    found: set[str] = set()
    for token in story.tokens:
        task = token.task if token.is_failed else None
        while task is not None and task not in found:
            found.add(task)
            task = holders.get(task)
    return found
