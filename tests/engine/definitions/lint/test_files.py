"""Files that are no diagrams, sets of files, paths on disk, the command line and the page of rules."""

import json
from pathlib import Path

import pytest

from engine.definitions.findings import Finding, has_errors
from engine.definitions.lint import RULES, lint_files, lint_paths
from engine.definitions.lint.__main__ import main
from engine.definitions.lint.documentation import write_documentation
from tests.engine.definitions.lint.build import (
    BILL,
    CONTEXT,
    FORM,
    NAMED,
    TABLE,
    call,
    document,
    end,
    line,
    passed,
    path,
    process,
    start,
)
from tests.engine.definitions.lint.cases_shape import CLEAN

ROOT = Path(__file__).parents[4]


def rules_of(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings}


def test_a_clean_set_has_no_errors() -> None:
    files = {"bpmn/shop/shop.bpmn": CLEAN, **CONTEXT}
    assert not has_errors(lint_files(files))


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("forms/shop/ask.form", FORM.replace(b"textfield", b"textfeld"), "form-invalid"),
        ("forms/shop/ask.form", b"{", "form-invalid"),
        ("bpmn/shop/fee.dmn", TABLE.replace(b"FIRST", b"GUESS"), "decision-invalid"),
        ("bpmn/shop/fee.dmn", b"<", "decision-invalid"),
        ("bpmn/shared/policy.json", b"[1]", "policy-invalid"),
        ("bpmn/shared/calendar.json", b'{"holidays": {"2026-13-01": "x"}}', "calendar-invalid"),
        ("bpmn/shared/policy.json", b'{"a":', "policy-invalid"),
        ("bpmn/shared/policy.json", b"[" * 100_000, "policy-invalid"),
        ("bpmn/shop/run.py", b"", "file-unknown"),
        (f"forms/shop/{'a' * 120}.form", FORM, "key-too-long"),
        ("bpmn/shop/fee.dmn", TABLE.replace(b'name="fee"', b'name="' + b"f" * 201 + b'"'), "key-too-long"),
    ],
)
def test_other_files_are_examined(name: str, content: bytes, rule: str) -> None:
    found = lint_files({name: content})
    assert rules_of(found) == {rule}
    assert all(finding.file == name and finding.element and finding.message_zh for finding in found)


def test_what_only_the_parser_refuses_is_found() -> None:
    broken = {**CONTEXT, "bpmn/shop/bill.bpmn": BILL.replace(b"total = amount + 1", b"")}
    caller = line(call(inside=passed("order>amount")))
    (found,) = (f for f in lint_files({"bpmn/shop/shop.bpmn": caller}, context=broken) if f.severity == "error")
    assert found.rule == "diagram-unparsable"
    assert found.element == "add"


def test_the_examined_file_counts_before_the_deployed_one() -> None:
    caller = line(call(inside=passed("order>amount", "x<sum")))
    renamed = BILL.replace(b"total = amount", b"sum = amount")
    deployed = {"deployed/bill.bpmn": BILL}
    assert "call-output-unknown" in rules_of(lint_files({"bpmn/shop/shop.bpmn": caller}, context=deployed))
    both = {"bpmn/shop/shop.bpmn": caller, "bpmn/shop/bill.bpmn": renamed}
    found = rules_of(lint_files(both, context=deployed))
    assert "call-output-unknown" not in found
    assert "process-key-duplicate" not in found


def test_a_key_in_two_files_is_found() -> None:
    found = lint_files({"bpmn/a/one.bpmn": BILL, "bpmn/b/two.bpmn": BILL})
    assert {finding.file for finding in found if finding.rule == "process-key-duplicate"} == {
        "bpmn/a/one.bpmn",
        "bpmn/b/two.bpmn",
    }


def test_a_circle_of_calls_over_two_files_is_found() -> None:
    def caller(key: str, called: str) -> bytes:
        one = call(called, f"call_{called}", passed("order>order"))
        steps = path(f"begin_{key}", f"call_{called}", f"done_{key}")
        inside = (start(f"begin_{key}"), one, end(f"done_{key}"), steps)
        return document(process(*inside, key=key, attributes=f'{NAMED} baton:startVariables="order"'))

    found = lint_files({"bpmn/a/a.bpmn": caller("a", "b"), "bpmn/b/b.bpmn": caller("b", "a")})
    circles = [finding for finding in found if finding.rule == "call-recursion"]
    assert {finding.file for finding in circles} == {"bpmn/a/a.bpmn", "bpmn/b/b.bpmn"}
    assert "a → b → a" in circles[0].message


def test_paths_are_read_with_the_project_around_them(tmp_path: Path) -> None:
    for name, content in {**CONTEXT, "bpmn/shop/shop.bpmn": CLEAN}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    found = lint_paths([tmp_path / "bpmn" / "shop" / "shop.bpmn"])
    assert not has_errors(found)
    assert {finding.file for finding in found} == {"bpmn/shop/shop.bpmn"}
    assert len({finding.file for finding in lint_paths([tmp_path])}) > 1


def test_a_file_of_no_project_is_examined_among_its_neighbours_and_what_ships(tmp_path: Path) -> None:
    stray = tmp_path / "shop"
    stray.mkdir()
    (stray / "shop.bpmn").write_bytes(CLEAN)
    lonely = {finding.rule for finding in lint_paths([stray / "shop.bpmn"]) if finding.severity == "error"}
    assert lonely
    assert not has_errors(lint_paths([stray / "shop.bpmn"], shipped=CONTEXT))
    for name, content in CONTEXT.items():
        (stray / Path(name).name).write_bytes(content)
    beside = {finding.rule for finding in lint_paths([stray / "shop.bpmn"]) if finding.severity == "error"}
    assert beside < lonely


def test_the_command_line_tells_errors_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "shop.bpmn"
    bad.write_bytes(b"<nothing/>")
    assert main([str(bad)]) == 1
    assert "diagram-unreadable" in capsys.readouterr().out
    assert main([str(bad), "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert found["rule"] == "diagram-unreadable"
    assert found["element"] == "line 1"
    good = tmp_path / "fee.dmn"
    good.write_bytes(TABLE)
    assert main([str(good)]) == 0


def test_the_page_of_rules_is_up_to_date() -> None:
    page = write_documentation()
    assert all(f"| `{rule}` |" in page for rule in RULES)
    assert (ROOT / "docs" / "lint-rules.md").read_text(encoding="utf-8") == page


def test_every_rule_gives_a_reason_and_two_sentences() -> None:
    for rule in RULES.values():
        assert rule.reason.endswith("."), rule.id
        assert any("\u4e00" <= character <= "\u9fff" for character in rule.zh + "中" * rule.en.startswith("{detail}"))
        assert rule.en.startswith(("Expected", "{detail}")), rule.id


def test_the_definitions_of_the_project_are_clean() -> None:
    found = [finding for finding in lint_paths([ROOT / "bpmn", ROOT / "forms"]) if finding.severity == "error"]
    assert not found, "\n".join(f"{f.file}: {f.element}: {f.message} [{f.rule}]" for f in found)
