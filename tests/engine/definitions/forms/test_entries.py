"""Lists of entries: added and removed on the page, blank ones left out, sums checked with their numbers."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from engine.definitions.forms import BoundForm, Form, is_refresh
from engine.definitions.forms.entries import EntriesField, fields_of
from tests.engine.definitions.forms.support import fill, make, part


def milestones(**properties: Any) -> Form:
    """A list of titles and shares that make up the whole."""
    component = {
        "type": "dynamiclist",
        "id": "list",
        "path": "milestones",
        "label": "里程碑",
        "i18n": {"en": {"label": "Milestones"}},
        "components": [
            part("textfield", "title", validate={"required": True, "maxLength": 10}),
            part("number", "share_bps", percent=True, validate={"required": True, "min": 1}),
        ],
        "sum": {"field": "share_bps", "is": 10_000},
        "max_entries": 3,
    }
    return make(component | properties)


def send(*entries: tuple[str, str], form: Form | None = None, **more: str) -> BoundForm:
    """The list as a page with these entries sends it."""
    sent = MultiDict(more)
    for number, (title, share) in enumerate(entries, 1):
        sent.add("milestones", str(number))
        sent.add(f"milestones-{number}-title", title)
        sent.add(f"milestones-{number}-share_bps", share)
    return fill(form or milestones(), sent)


def field_of(bound: BoundForm) -> EntriesField:
    field = bound.fields["milestones"]
    assert isinstance(field, EntriesField)
    return field


def test_entries_become_dicts_and_blank_ones_do_not_count() -> None:
    bound = send(("Draft", "33.5"), ("", " "), ("Result", "66.5 %"))
    assert bound.validate(), bound.errors
    assert bound.values == {
        "milestones": [{"title": "Draft", "share_bps": 3_350}, {"title": "Result", "share_bps": 6_650}]
    }


def test_without_entries_the_list_is_empty_unless_it_is_required() -> None:
    assert send().validate()
    assert send().values == {"milestones": []}
    bound = send(("", ""), form=milestones(validate={"required": True}))
    assert not bound.validate()
    assert bound.errors == {"milestones": ["Required; nothing entered yet"]}


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        (("30", "60"), "These add up to 90%, 10% are missing"),
        (("33.33", "66.68"), "These add up to 100.01%, 0.01% too much"),
        (("25",) * 4, "At most 3 entries; 4 now"),
        (("50", "half"), "Entry 2 needs a change"),
        (("0.5", "99.5"), "Entry 1 needs a change"),
    ],
)
def test_what_is_wrong_is_said_with_its_numbers(shares: tuple[str, ...], message: str) -> None:
    bound = send(*((f"Part {number}", share) for number, share in enumerate(shares)))
    assert not bound.validate()
    assert bound.errors == {"milestones": [message]}


def test_an_entry_says_at_its_input_what_is_wrong() -> None:
    bound = send(("A title that is too long", "40"), ("", "sixty"))
    bound.validate()
    first, second = field_of(bound).rows.values()
    assert first.errors == {"title": ["At most 10 characters; 24 so far, 14 too many"]}
    assert second.errors == {"title": ["Required; nothing entered yet"], "share_bps": ["Not a number, such as 1,234.5"]}


def test_entries_are_added_and_removed_by_buttons_that_do_not_submit() -> None:
    added = send(("Draft", "40"), _add="milestones")
    assert is_refresh(MultiDict({"_add": "milestones"}))
    assert list(field_of(added).rows) == [1, 2]
    removed = send(("Draft", "40"), ("Result", "60"), _remove="milestones:1")
    assert list(field_of(removed).rows) == [2]
    assert removed.values == {"milestones": [{"title": "Result", "share_bps": 6_000}]}


def test_a_draft_brings_back_what_was_typed() -> None:
    draft = send(("Draft", "forty"), ("", "")).draft
    bound = fill(milestones(), draft=draft)
    assert [fields_of(row)["share_bps"].typed for row in field_of(bound).rows.values()] == ["forty", ""]
    assert bound.draft == draft


@pytest.mark.parametrize("number", ["-1", "x", "99999", "１"])
def test_numbers_somebody_made_up_are_no_entries(number: str) -> None:
    sent = MultiDict({"milestones": number, f"milestones-{number}-title": "Draft"})
    assert len(field_of(fill(milestones(), sent)).rows) <= 1


def test_a_page_with_a_thousand_entries_is_cut() -> None:
    sent = MultiDict([("milestones", str(number)) for number in range(1_000)])
    assert len(field_of(fill(milestones(), sent)).rows) == 100
