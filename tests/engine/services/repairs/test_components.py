"""The two parts of forms for repairs: merging, and photos."""

from typing import Any

from engine.definitions.forms import BoundForm
from engine.services.repairs.merging import Finding, Info, Line, Measure, Member, Order
from engine.services.repairs.merging.component import MergeField
from engine.services.repairs.merging.plain import describe_sources, read_sources
from engine.storage.plain import Plain
from tests.engine.definitions.forms.support import fill, find, make, part

TEAM = tuple(Member(f"u{number}", f"A{number}" if number else "leader") for number in range(3))
ORDER = Order("WX-1", (Line("1", "主轴"),), TEAM, (31.2, 121.5))
TEXT = "冷却泵接口处漏液，已清理现场并作标记，待查"


def info(member: int, text: str, volts: str) -> Info:
    finding = Finding("1", text, measures=(Measure("电压", volts, "V"),))
    return Info(f"u{member}", f"2026-03-02T08:0{member}:00Z", (finding, Finding("1", "异响", fault_code="E7")))


INFOS = (info(1, TEXT, "12"), info(2, TEXT.replace("接口", "接头"), "13"))
SOURCES = describe_sources(ORDER, INFOS, ["u1", "u2"])
MERGE = part("baton:merge", "merged", source="sources", returns=True)


def merge(**typed: str) -> BoundForm:
    """The form with `kind__id="text"` typed."""
    submitted = {f"merged-{name.replace('__', '-')}": text for name, text in typed.items()}
    return fill(make(MERGE), submitted, data={"sources": SOURCES})


def field_of(bound: BoundForm) -> MergeField:
    found = bound.fields["merged"]
    assert isinstance(found, MergeField)
    return found


def test_sources_come_back_as_they_were() -> None:
    assert read_sources(SOURCES) == (ORDER, INFOS)


def test_what_is_open_is_asked_for_and_decided_at_once() -> None:
    before = merge(x="")
    assert not before.validate()
    assert before.errors["merged"] == ["Still to decide: 1 possible duplicates or conflicts"]
    field = field_of(before)
    (pair,) = field.merged.pairs
    shown = [one for one in field.merged.statements if field.pairs_of(one)]
    assert [one.keys[0] for one in shown] == [pair.first]

    joined = merge(**{f"pair__{pair.id}": "same"})
    assert not joined.validate()  # they measured different values
    (conflict,) = field_of(joined).merged.conflicts
    assert field_of(joined).conflicts_of(
        next(one for one in field_of(joined).merged.statements if one.measures == () and one.fault_code == "")
    )
    first = field_of(joined).merged.statements[0]
    decided = merge(
        **{
            f"pair__{pair.id}": "same",
            f"choice__{conflict.id}": "12 V",
            f"text__{first.id}": "改过\r\n的文字",
            f"was__{first.id}": "原来的文字",
            "text__unknown": "x",
            "choice__unknown": "x",
        }
    )
    assert decided.validate(), decided.errors
    assert decided.values["merged"] == {
        "pairs": {pair.id: "same"},
        "choices": {conflict.id: "12 V"},
        "texts": {first.id: "改过\n的文字"},
        "returned": [],
    }
    # A draft brings all of it back; a text nobody touched is no edit.
    again = fill(make(MERGE), data={"sources": SOURCES}, draft=decided.draft)
    assert again.values == decided.values
    assert field_of(merge(**{f"text__{first.id}": "同", f"was__{first.id}": "同"})).texts == {}


def test_members_are_asked_for_more_with_a_question() -> None:
    asked = merge(return__u1="1", question__u1="表是何时校准的", question__u2="not asked")
    assert asked.validate(), asked.errors  # what is open may wait for the answer
    value: Any = asked.values["merged"]
    assert value["returned"] == [{"member": "u1", "question": "表是何时校准的"}]
    for typed, problem in (
        ({"return__u1": "1"}, "A return needs a question"),
        ({"return__u0": "1"}, "This answer is not"),
    ):
        refused = merge(**typed)
        assert not refused.validate()
        assert refused.errors["merged"][0].startswith(problem)


PHOTOS = part("baton:photos", "photos", source="lines", reason="why", accept="image/*", multiple=True, max_files=50)
FILES: dict[str, dict[str, Plain]] = {
    f"f{number}": {
        "file": f"f{number}",
        "name": f"{number}.jpg",
        "sha256": str(min(number, 3)),
        "media_type": "image/jpeg",
    }
    for number in range(1, 5)
}


def send(*ids: str, why: str = "", remove: str = "", **asked: list[str]) -> BoundForm:
    """The form with photos and what was said of them."""
    lines: list[Plain] = [{"id": "1", "name": "主轴"}, {"id": "2", "name": "冷却"}]
    submitted: dict[str, Any] = {f"photos-{name}": texts for name, texts in asked.items()}
    submitted |= {"photos": [*ids], "why": why} | ({"_remove": f"photos:{remove}"} if remove else {})
    return fill(make(PHOTOS, part("textarea", "why")), submitted, data={"lines": lines}, files=FILES)


def test_each_photo_has_a_line_a_stage_and_a_caption() -> None:
    sent = send("f1", "f2", line=["1", "2"], stage=["before", "after"], caption=["异响处", ""])
    assert sent.validate(), sent.errors
    value: Any = sent.values["photos"]
    assert [(one["file"], one["line"], one["stage"], one["caption"]) for one in value] == [
        ("f1", "1", "before", "异响处"),
        ("f2", "2", "after", ""),
    ]
    assert sent.form.file_keys == ("photos",)
    assert sent.file_ids == ["f1", "f2"]
    assert fill(sent.form, data=dict(sent.binding.data), draft=sent.draft).values == sent.values


def test_a_photo_just_taken_begins_like_the_one_before_it_and_the_same_content_counts_once() -> None:
    sent = send("f1", "f3", "f4", line=["2"], stage=["during"], caption=["a"])
    value: Any = sent.values["photos"]
    assert [(one["file"], one["line"], one["stage"], one["caption"]) for one in value] == [
        ("f1", "2", "during", "a"),
        ("f3", "2", "during", ""),
    ]
    removed = send("f1", "f2", line=["1", "2"], stage=["before", "after"], remove="f1")
    kept: Any = removed.values["photos"]
    assert [(one["file"], one["line"], one["stage"]) for one in kept] == [("f2", "2", "after")]


def test_what_photos_lack_is_said() -> None:
    for sent, problem in (
        (send(), "Add photos, or say why there are none"),
        (send("f1", line=["1"]), "Photo 1: choose its line and stage"),
        (send("f1", line=["9"], stage=["after"]), "Photo 1: choose its line and stage"),
    ):
        assert not sent.validate()
        assert sent.errors["photos"] == [problem]
    assert send(why="现场禁止拍照").validate()


def test_forms_that_cannot_work_are_refused() -> None:
    assert find(part("baton:merge", "merged")) == [("merged", "wrong_property")]
    assert find(part("baton:photos", "photos", source="lines", reason="no", accept="image/*", multiple=True)) == [
        ("photos", "wrong_property"),
    ]
