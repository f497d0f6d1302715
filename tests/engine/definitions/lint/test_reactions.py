"""What is thrown in a scope is heard by its event sub-processes first, and not by the one that throws it."""

import pytest

from engine.definitions.lint import lint_files
from tests.engine.definitions.lint.build import CONTEXT, diagram, end, error, path, start, sub, user

ABOUT_ERRORS = ("error-not-caught", "error-never-thrown")


def lint(*inside: str) -> set[str]:
    found = lint_files({"bpmn/shop/shop.bpmn": diagram(*inside)}, context=CONTEXT)
    return {finding.rule for finding in found if finding.rule in ABOUT_ERRORS}


def catching(code: str, ending: str = "") -> str:
    inside = (start("told", error(code)), end("heard", ending), path("told", "heard"))
    return sub("aside", *inside, attributes='triggeredByEvent="true"')


@pytest.mark.parametrize(
    ("aside", "found"),
    [
        ("", {"error-not-caught"}),
        (catching("late"), set()),
        (catching("late", error()), {"error-not-caught"}),
    ],
)
def test_an_error_of_a_sub_process(aside: str, found: set[str]) -> None:
    phase = sub("phase", start("inner"), user(), end("failed", error()), path("inner", "ask", "failed"), aside)
    assert lint(start(), phase, end(), path("begin", "phase", "done")) - {"error-never-thrown"} == found


def test_an_error_at_the_top_leaves_the_process() -> None:
    assert lint(start(), user(), end("failed", error()), path("begin", "ask", "failed")) == set()
    again = catching("late", error())
    assert lint(start(), user(), end("failed", error()), path("begin", "ask", "failed"), again) == set()


def test_a_code_nobody_throws() -> None:
    assert lint(start(), user(), end(), path("begin", "ask", "done"), catching("late")) == {"error-never-thrown"}
    assert lint(start(), user(), end("done", error()), path("begin", "ask", "done"), catching("late")) == set()
