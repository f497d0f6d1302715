"""The parts of forms for repairs as HTML: both languages, usable without scripts, and read as they were filled in."""

import pytest

from engine.definitions.forms.messages import Language
from engine.storage.plain import PlainDict
from tests.engine.definitions.forms.support import fill, make, part
from tests.engine.services.repairs.test_components import FILES, MERGE, PHOTOS, SOURCES
from tests.web.rendering.test_forms import ENVIRONMENT, draw, fmt, one, parse, words
from web.rendering import render_readonly


@pytest.mark.parametrize(("language", "names"), [("zh", "来源 合并结果 决定"), ("en", "Sources Merged Decision")])
def test_merging_is_a_page_of_three_columns(language: Language, names: str) -> None:
    bound = fill(make(MERGE), data={"sources": SOURCES}, language=language)
    tree = draw(bound)
    assert names in words(one(tree, "//div[@class='merge-h']"))
    rows = tree.xpath("//section[starts-with(@class, 'merge-r')]")
    assert len(rows) == 3
    for row in rows:  # on a phone each column says what it is
        assert [cell.get("data-l") for cell in row.xpath("./div[@data-l]")] == names.split()
    assert len(tree.xpath("//textarea")) == 3
    assert [one.get("value") for one in tree.xpath("//input[starts-with(@name, 'merged-pair-')]")] == [
        "same",
        "different",
    ]
    assert len(tree.xpath("//input[starts-with(@name, 'merged-question-')]")) == 2
    assert one(tree, "//noscript//button[@name='_refresh']") is not None
    assert words(tree).count("E7") == 1  # two said it, one line shows it
    read = parse(render_readonly(ENVIRONMENT, bound.form, {"merged": bound.draft["merged"]}, fmt(language)))
    assert words(read)


def test_photos_ask_for_line_stage_and_caption_each() -> None:
    lines: PlainDict = {"lines": [{"id": "1", "name": "Spindle"}, {"id": "2", "name": "Coolant"}]}
    form = make(PHOTOS, part("textarea", "why"))
    sent = {"photos": ["f1", "f2"], "photos-line": ["1", "2"], "photos-stage": ["before", ""]}
    bound = fill(form, sent, data=lines, files=FILES)
    tree = draw(bound)
    chosen = tree.xpath("//li//select[@name='photos-line']/option[@selected]/@value")
    assert chosen == ["1", "2"]
    assert len(tree.xpath("//input[@type='file']")) == 2  # the camera and the album
    assert tree.xpath("//input[@type='file'][@capture]")
    assert len(tree.xpath("//template//select")) == 2  # for photos that wait on the device
    read = parse(render_readonly(ENVIRONMENT, form, dict(bound.draft), fmt(), data=lines))
    assert "Spindle · Before" in words(read)
    assert "No photos" in words(parse(render_readonly(ENVIRONMENT, form, {"photos": []}, fmt(), data=lines)))
