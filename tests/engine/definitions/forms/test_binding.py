"""Filling a form in: what is kept, what is personal, and what is asked again."""

from werkzeug.datastructures import MultiDict

from engine.definitions.forms import is_refresh, upload_name
from engine.definitions.forms.binding import _build_fields
from tests.engine.definitions.forms.support import fill, make, part

FORM = make(
    part("textfield", "title", validate={"required": True}),
    part("textfield", "phone", personal={"subject": "publisher"}),
    part("number", "reward_fen", money=True, defaultValue=100),
)


def test_submitted_values_win_over_a_draft_and_a_draft_over_defaults() -> None:
    assert fill(FORM).values == {"title": "", "phone": "", "reward_fen": 10000}
    assert fill(FORM, draft={"title": "早", "reward_fen": 5}).values == {"title": "早", "phone": "", "reward_fen": 5}
    bound = fill(FORM, {"title": "晚"}, draft={"title": "早", "reward_fen": 5})
    assert bound.values == {"title": "晚", "phone": "", "reward_fen": None}


def test_what_was_typed_wrong_is_shown_again() -> None:
    bound = fill(FORM, {"title": "", "reward_fen": "<12 yuan>"})
    assert not bound.validate()
    assert set(bound.errors) == {"title", "reward_fen"}
    assert bound.fields["reward_fen"].typed == "<12 yuan>"
    assert bound.draft["reward_fen"] == "<12 yuan>"
    assert fill(FORM, draft=bound.draft).fields["reward_fen"].typed == "<12 yuan>"


def test_personal_values_are_named_with_their_person() -> None:
    assert fill(FORM, {"title": "t", "phone": "138"}).personal == {"phone": "publisher"}
    assert fill(FORM, {"title": "t", "phone": ""}).personal == {}


def test_a_reference_into_the_vault_is_not_shown_in_an_input() -> None:
    bound = fill(FORM, draft={"phone": {"$vault": "v1", "sha256": "x"}})
    assert bound.fields["phone"].typed == ""


def test_the_fields_are_built_once_for_a_form() -> None:
    assert _build_fields(FORM) is _build_fields(FORM)
    first, second = fill(FORM, {"title": "a"}), fill(FORM, {"title": "b"})
    assert (first.values["title"], second.values["title"]) == ("a", "b")


def test_keys_that_are_names_of_the_form_library_are_ordinary_keys() -> None:
    keys = ("data", "errors", "validate", "meta", "process", "form_errors")
    form = make(*(part("textfield", key) for key in keys))
    bound = fill(form, {key: key for key in keys})
    assert bound.validate()
    assert bound.values == {key: key for key in keys}


def test_refreshing_is_not_submitting() -> None:
    assert is_refresh(MultiDict({"_refresh": "1"}))
    assert is_refresh(MultiDict({"_remove": "photos:f1"}))
    assert not is_refresh(MultiDict({"title": "x"}))
    assert upload_name("photos") == "photos-upload"
