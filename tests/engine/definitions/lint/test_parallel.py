"""What may and may not stand side by side, and which errors of called processes must be caught."""

from engine.definitions.lint import lint_files
from tests.engine.definitions.lint.build import (
    CONTEXT,
    NAMED,
    PEOPLE,
    boundary,
    call,
    choice,
    diagram,
    document,
    end,
    error,
    flow,
    gateway,
    passed,
    path,
    process,
    script,
    start,
    sub,
    user,
)

ERROR_ENDED = document(
    process(
        start("bill_begin"),
        choice("enough", "enough-bill_done"),
        end("bill_done"),
        end("bill_late", error()),
        path("bill_begin", "enough", "bill_done"),
        flow("enough", "bill_late", "amount < 5".replace("<", "&lt;")),
        key="bill",
        attributes=f'{NAMED} baton:startVariables="amount"',
    )
)


def rules_of(content: bytes, **context: bytes) -> dict[str, str]:
    """Rules that were broken, with all their messages."""
    known = {**CONTEXT, **{f"bpmn/shop/{name}.bpmn": file for name, file in context.items()}}
    found: dict[str, str] = {}
    for finding in lint_files({"bpmn/shop/shop.bpmn": content}, context=known):
        found[finding.rule] = f"{found.get(finding.rule, '')}{finding.message}\n"
    return found


def branches(*branch: tuple[str, ...], join: str = "") -> bytes:
    """A fork, branches of several elements, a join."""
    parts = [
        start(),
        gateway("fork"),
        gateway("join", attributes=join),
        end(),
        path("begin", "fork"),
        path("join", "done"),
    ]
    for elements in branch:
        ids = [part.split('id="', 1)[1].split('"', 1)[0] for part in elements]
        parts += [*elements, path("fork", *ids, "join")]
    return diagram(*parts)


def test_parallel_user_tasks_with_one_form_clash() -> None:
    found = rules_of(branches((user("ask_a"),), (user("ask_b"),)))
    assert "ask_a, ask_b all write answer" in found["parallel-write"]


def test_a_join_may_let_the_last_one_win() -> None:
    content = branches((script("a = 1", "one"),), (script("a = 2", "two"),), join='baton:lastWins="b, a"')
    assert "parallel-write" not in rules_of(content)


def test_what_is_written_in_one_branch_or_behind_the_join_is_free() -> None:
    content = branches((script("a = 1", "one"), script("a = 2", "two")), (user(),))
    assert "parallel-write" not in rules_of(content)


def test_writes_inside_sub_processes_count() -> None:
    inside = sub("phase", start("inner"), script("a = 1"), end("left"), path("inner", "compute", "left"))
    assert "parallel-write" in rules_of(branches((inside,), (script("a = 2", "two"),)))


def test_branches_in_a_loop_are_told_apart() -> None:
    content = diagram(
        start(), gateway("again", "exclusive"), gateway("fork"), script("a = 1", "one"), script("b = 2", "two"),
        script("a = 0", "reset"), gateway("join"), choice("which", "which-done"), end(),
        path("begin", "again", "reset", "fork", "one", "join", "which", "done"), path("fork", "two", "join"),
        flow("which", "again", "a &gt; b"),
    )  # fmt: skip
    assert "parallel-write" not in rules_of(content)


def test_three_branches_of_which_two_write_clash() -> None:
    found = rules_of(branches((script("a = 1", "one"),), (user(),), (script("a = 2", "two"),)))
    assert "one, two all write a" in found["parallel-write"]


def test_a_guarded_call_alone_whose_handler_leaves_the_block_is_refused() -> None:
    guarded = branches((call(inside=passed("order>amount")),), (user(),)).replace(
        b"</bpmn:process>",
        (boundary("edge", "bill_it", error()) + end("over") + path("edge", "over")).encode() + b"</bpmn:process>",
    )
    assert "calls-beside-calls" in rules_of(guarded, bill=ERROR_ENDED)


def test_a_guarded_call_whose_handler_comes_back_before_the_join_is_free() -> None:
    guarded = diagram(
        start(), gateway("fork"), call(inside=passed("order>amount")), boundary("edge", "bill_it", error()),
        gateway("merge", "exclusive"), user("other", PEOPLE), gateway("join"), end(),
        path("begin", "fork", "bill_it", "merge", "join", "done"), path("edge", "merge"), path("fork", "other", "join"),
    )  # fmt: skip
    assert "calls-beside-calls" not in rules_of(guarded, bill=ERROR_ENDED)


def test_errors_of_a_called_process_must_be_caught() -> None:
    bare = diagram(start(), call(inside=passed("order>amount")), end(), path("begin", "bill_it", "done"))
    assert "LATE around bill_it" in rules_of(bare, bill=ERROR_ENDED)["error-not-caught"]
    wrapped = diagram(
        start(), sub("phase", start("inner"), call(inside=passed("order>amount")), end("left"),
                     path("inner", "bill_it", "left")),
        boundary("edge", "phase", error()), end(), end("over"), path("begin", "phase", "done"), path("edge", "over"),
    )  # fmt: skip
    assert not rules_of(wrapped, bill=ERROR_ENDED).keys() & {"error-not-caught", "error-never-thrown"}


def test_an_error_end_at_the_top_is_for_the_caller() -> None:
    assert "error-not-caught" not in rules_of(ERROR_ENDED)
