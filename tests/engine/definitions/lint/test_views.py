"""What a form shows of a service needs process data: what the views say they need, and that it is there."""

import ast
from pathlib import Path

import pytest

import engine.services
from engine.definitions.lint import Registry, lint_files
from engine.definitions.registry import VIEW_NEEDS
from tests.engine.definitions.lint.build import CONTEXT, PEOPLE, SHOWN, line, script, user

ROOT = Path(__file__).parents[4]
SERVICES = Path(engine.services.__file__).parent
LOOK = user("look", PEOPLE.replace("shop/ask", "shop/look"))
ANSWER = b'{"type": "textfield", "key": "answer", "label": "A", "i18n": {"en": {"label": "A"}}}'
PREVIEW = SHOWN.replace(b"baton:facts", b"baton:settlement_preview").replace(
    b'"source"', b'"reads": "answer", "source"'
)
READING = PREVIEW.replace(b"[", b"[" + ANSWER + b",", 1)


def missing(content: bytes, needs: list[str], form: bytes = SHOWN) -> list[str]:
    """The variables that are missed before the task that shows the parcel."""
    registry = Registry({}, (), (), {"parcel": needs})
    found = lint_files({"bpmn/shop/shop.bpmn": content}, registry, context={**CONTEXT, "forms/shop/look.form": form})
    told = [one for one in found if one.rule == "view-variable-unknown"]
    assert all(one.element == "look" and "parcel" in one.message_zh for one in told)
    return [one.message.split(" ")[3] for one in told]


@pytest.mark.parametrize(
    ("content", "needs", "form", "expected"),
    [
        (line(LOOK), ["order"], SHOWN, []),
        (line(LOOK), ["order", "parcel_id", "shelf"], SHOWN, ["parcel_id", "shelf"]),
        (line(LOOK, script("parcel_id = 1")), ["parcel_id"], SHOWN, ["parcel_id"]),
        (line(LOOK), [], SHOWN, []),
        # answers of the very form the part is made of
        (line(LOOK), ["answer", "parcel_id"], READING, ["parcel_id"]),
        (line(LOOK), ["answer"], SHOWN, ["answer"]),
        # the case brings what is shown under that name
        (line(script("parcel = order"), LOOK), ["parcel_id"], SHOWN, []),
    ],
)
def test_what_a_view_needs_is_known_where_it_is_shown(
    content: bytes, needs: list[str], form: bytes, expected: list[str]
) -> None:
    assert missing(content, needs, form) == expected


def test_a_shipped_form_in_another_process_is_refused() -> None:
    form = "forms/hire_order/start_work.form"
    files = {
        "bpmn/shop/shop.bpmn": line(user("look", PEOPLE.replace("shop/ask", "hire_order/start_work"))),
        form: (ROOT / form).read_bytes(),
    }
    found = [one.message for one in lint_files(files) if one.rule == "view-variable-unknown"]
    assert found
    assert all("the variable order_id before look" in message for message in found)
    assert any("order_contact" in message for message in found)


def _list_needed(file: Path) -> dict[str, set[str]]:
    """The process data that the views of a file ask for by name, those of the helpers beside them included."""
    functions = {one.name: one for one in ast.parse(file.read_text()).body if isinstance(one, ast.FunctionDef)}
    found: dict[str, set[str]] = {}
    for function in functions.values():
        for made in function.decorator_list:
            if (
                isinstance(made, ast.Call)
                and ast.unparse(made.func) == "view"
                and isinstance(made.args[0], ast.Constant)
            ):
                found[str(made.args[0].value)] = _list_asked(function, functions)
    return found


def _list_asked(function: ast.FunctionDef, beside: dict[str, ast.FunctionDef]) -> set[str]:
    asked: set[str] = set()
    seen: set[str] = set()
    ahead = [function.name]
    while ahead:
        if (name := ahead.pop()) in seen or name not in beside:
            continue
        seen.add(name)
        for one in ast.walk(beside[name]):
            if isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant):
                if ast.unparse(one.value) in ("call.data", "data"):
                    asked.add(str(one.slice.value))
            elif isinstance(one, ast.Call) and isinstance(one.func, ast.Name):
                ahead.append(one.func.id)
    return asked


def test_views_say_what_they_need() -> None:
    needed = {name: asked for file in sorted(SERVICES.rglob("*.py")) for name, asked in _list_needed(file).items()}
    assert len([name for name, asked in needed.items() if asked]) > 40
    assert {name: sorted(asked) for name, asked in needed.items()} == {
        name: sorted(VIEW_NEEDS[name]) for name in needed
    }
