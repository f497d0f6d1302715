"""How the path of a case is drawn on a diagram."""

from collections.abc import Container

from engine.queries.story import Story

DONE, NOW, FAILED = "done", "now", "err"
# A token on one of these only says that there is another one inside.
CONTAINER_KINDS = frozenset({"callActivity", "subProcess", "transaction", "adHocSubProcess"})


def mark_elements(story: Story, process_key: str, frames: Container[str]) -> dict[str, str]:
    """Elements and flows of a diagram: done where the case has been, now where it is, err where it failed.

    What is armed beside other work (a boundary event, the start of an event sub-process) counts only once it has fired.
    Of a sub-process drawn open (`frames`) its content is marked, not the frame.
    """
    armed = {(one.process_key, one.id) for one in story.elements.values() if one.is_listener}
    been = {*story.visits, *story.flows} - (armed - story.completed)
    marks = {element: DONE for process, element in been if process == process_key}
    for token in story.tokens:
        if token.element.process_key == process_key and not token.element.is_listener:
            marks[token.element.id] = FAILED if token.is_failed else NOW
    return {element: mark for element, mark in marks.items() if element not in frames}
