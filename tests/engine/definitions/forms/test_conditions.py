"""What is shown, and what becomes of what is not."""

from collections.abc import Mapping

from werkzeug.datastructures import MultiDict

from engine.definitions.forms.conditions import find_visible
from engine.storage.plain import Plain
from tests.engine.definitions.forms.support import SANDBOX, choices, fill, make, part

GROUP = {"label": "返工", "i18n": {"en": {"label": "Rework"}}}
REVIEW = make(
    part("textfield", "detail", showWhen="reason == 'other'"),
    choices("decision", "radio", "approve", "reject", validate={"required": True}),
    choices("reason", "select", "late", "other", showWhen="decision == 'reject'", defaultValue="late"),
    part(
        "group",
        "",
        id="rework",
        showWhen="decision == 'reject'",
        components=[
            part("textarea", "remark", validate={"required": True}),
            part("number", "penalty_fen", money=True, showWhen="len(remark) > 3"),
        ],
        **GROUP,
    ),
    part("text", "", id="note", text="多", i18n={"en": {"text": "Much"}}, showWhen="penalty_fen > 10000"),
)


def test_what_is_hidden_is_not_asked_and_not_kept() -> None:
    bound = fill(REVIEW, {"decision": "approve", "reason": "late", "remark": "x", "penalty_fen": "5"})
    assert bound.validate()
    assert bound.values == {"decision": "approve"}
    assert not bound.is_visible("remark")


def test_what_becomes_visible_is_asked() -> None:
    bound = fill(REVIEW, {"decision": "reject"}, language="zh")
    assert not bound.validate()
    assert bound.errors == {"remark": ["此项必填，还没有填写"]}


def test_conditions_follow_each_other_whatever_their_order_in_the_form() -> None:
    answers = {"decision": "reject", "reason": "other", "detail": "d", "remark": "long", "penalty_fen": "200"}
    assert fill(REVIEW, answers).visible == frozenset(REVIEW.paths)
    # The reason is hidden and so counts as not given, though it was sent.
    assert not fill(REVIEW, answers | {"decision": "approve"}).is_visible("detail")


def test_a_condition_over_what_is_not_filled_in_is_not_met() -> None:
    bound = fill(REVIEW, {"decision": "reject", "remark": "long", "penalty_fen": "nonsense"})
    assert not bound.is_visible("note")
    assert bound.is_visible("penalty_fen")


def test_one_failing_condition_leaves_the_others_alone() -> None:
    form = make(
        part("number", "n"),
        part("text", "", id="fails", text="一", i18n={"en": {"text": "1"}}, showWhen="n > 3"),
        part("text", "", id="holds", text="二", i18n={"en": {"text": "2"}}, showWhen="n is None  # nothing yet"),
    )
    assert fill(form).visible == {"n", "holds"}
    assert fill(form, {"n": "4"}).visible == {"n", "fails"}


def test_each_level_is_one_call() -> None:
    calls: list[str] = []

    def evaluate(expression: str, values: Mapping[str, Plain]) -> Plain:
        calls.append(expression)
        return SANDBOX.evaluate(expression, values)

    values: dict[str, Plain] = {key: field.empty for key, field in REVIEW.fields.items()}
    values |= {"decision": "reject", "remark": "long", "penalty_fen": 1_000_001}
    assert "note" in find_visible(REVIEW, values, evaluate)
    assert len(calls) == len(REVIEW.levels) == 3


def test_conditions_know_the_present_instant() -> None:
    form = make(part("text", "", id="late", text="迟", i18n={"en": {"text": "Late"}}, showWhen="now > '2026-11-21'"))

    def evaluate(expression: str, values: Mapping[str, Plain]) -> Plain:
        return SANDBOX.evaluate(expression, {"now": "2026-11-22T00:00:00Z", **values})

    assert find_visible(form, {}, evaluate) == {"late"}


def test_a_default_that_was_never_seen_is_not_cleared() -> None:
    shown_now = fill(REVIEW, {"decision": "reject"})
    assert shown_now.values["reason"] == "late"
    cleared = fill(REVIEW, MultiDict([("decision", "reject"), ("_shown", "reason"), ("_shown", "remark")]))
    assert cleared.values["reason"] is None


def test_the_fields_that_others_depend_on() -> None:
    assert REVIEW.triggers == {"decision", "reason", "remark", "penalty_fen"}
    assert REVIEW.conditional == {"detail", "reason", "rework", "remark", "penalty_fen", "note"}


def test_read_only_fields_come_from_process_data_and_are_never_taken_from_the_person() -> None:
    form = make(
        part("number", "reward_fen", money=True, readonly=True),
        part("textfield", "why", showWhen="reward_fen > 100"),
    )
    bound = fill(form, {"reward_fen": "0.01", "why": "x"}, data={"reward_fen": 33330})
    assert bound.validate()
    assert bound.values == {"why": "x"}
    assert bound.read_only_value(form.fields["reward_fen"]) == 33330
