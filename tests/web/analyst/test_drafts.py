"""Drafts at the analyst's desk: begun, saved as one types, checked, deployed."""

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from engine.queries.definitions import list_definitions
from engine.queries.drafts import fetch_draft, list_drafts
from engine.runtime.engine import Engine
from tests.web.analyst.desk import DIAGRAM, deploy_trial, drawn_trial, sit_down
from tests.web.analyst.test_definitions import find_id
from tests.web.visitor import TOKEN, Visitor


def begin(engine: Engine, visitor: Visitor, key: str = "trial") -> str:
    """Presses Edit on the page of a definition; gives the draft's id."""
    page = f"/definitions/{find_id(engine, key)}"
    answer = visitor.send("/drafts", {"definition": find_id(engine, key)}, page=page)
    assert answer.status_code == 303
    return re.split(r"[/?]", answer.location)[2]


def save(visitor: Visitor, draft_id: str, content: bytes, revision: object = 1) -> TestResponse:
    token = TOKEN.search(visitor.get("/menu").text)
    assert token is not None
    headers = {"If-Match": str(revision), "X-CSRF-Token": token[1], "Accept": "application/json"}
    path = f"/drafts/{draft_id}"
    return visitor.client.put(path, data=content, headers=headers, content_type="text/plain", **visitor.options)


def test_only_analysts_begin_see_save_and_deploy(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    analyst = sit_down(app, engine, "analyst")
    draft_id = begin(engine, analyst)
    for role in ("auditor", "platform_operator", "platform_reviewer"):
        stranger = sit_down(app, engine, role)
        for path in ("", "/file", "/compare"):
            assert stranger.get(f"/drafts/{draft_id}{path}").status_code == 403
        assert stranger.get("/drafts/new").status_code == 403
        assert stranger.get(f"/drafts/deploy?draft={draft_id}").status_code == 403
        assert save(stranger, draft_id, b"theirs").status_code == 403
        for path, fields in (
            ("/drafts", {"definition": find_id(engine, "trial")}),
            ("/drafts/new", {"kind": "process", "key": "trip", "name_zh": "出差", "name_en": "Trip"}),
            ("/drafts/deploy", {"listed": draft_id, "draft": f"{draft_id}:1"}),
            (f"/drafts/{draft_id}/discard", {"revision": "1"}),
        ):
            assert stranger.send(path, fields, page="/menu").status_code == 403
    assert [(one.id, one.revision) for one in list_drafts(engine)] == [(draft_id, 1)]


def test_saving_tells_what_is_wrong_and_what_is_mended(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    analyst = sit_down(app, engine, "analyst")
    draft_id = begin(engine, analyst)
    good = fetch_draft(engine, draft_id).content
    answer = save(analyst, draft_id, good.replace(b'"trial/note"', b'"trial/nota"', 1))
    assert answer.json is not None
    assert answer.json["revision"] == 2
    found = [one for one in answer.json["findings"] if one["severity"] == "error"]
    assert [(one["element"], one["file"]) for one in found] == [("fill", DIAGRAM)]
    assert "trial/nota" in found[0]["message"]
    mended = save(analyst, draft_id, good, 2)
    assert mended.json is not None
    assert [one for one in mended.json["findings"] if one["severity"] == "error"] == []
    assert analyst.get(f"/drafts/{draft_id}/file").data == good


def test_who_comes_late_learns_who_was_faster(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    analyst = sit_down(app, engine, "analyst")
    draft_id = begin(engine, analyst)
    save(analyst, draft_id, b"first")
    answer = save(analyst, draft_id, b"second")
    assert answer.status_code == 409
    assert answer.json is not None
    assert (answer.json["by"], answer.json["revision"]) == ("郑雯", 2)
    assert fetch_draft(engine, draft_id).content == b"first"
    assert save(analyst, draft_id, b"third", "none").status_code == 400
    assert save(analyst, "0" * 32, b"third").status_code == 404
    assert analyst.send(f"/drafts/{draft_id}/discard", {"revision": "1"}, page="/menu").status_code == 409


def test_deploying_ends_the_draft_and_makes_a_version(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    analyst = sit_down(app, engine, "analyst")
    draft_id = begin(engine, analyst)
    save(analyst, draft_id, drawn_trial()[DIAGRAM].replace(b"PT4H", b"PT5H"))
    page = f"/drafts/deploy?draft={draft_id}"
    assert "v1 → v2" in analyst.get(page).text
    nothing = analyst.send("/drafts/deploy", {"listed": draft_id}, page=page)
    assert nothing.status_code == 422
    stale = analyst.send("/drafts/deploy", {"listed": draft_id, "draft": f"{draft_id}:1"}, page=page)
    assert stale.status_code == 409
    fields = {"listed": draft_id, "draft": f"{draft_id}:2", "note": "five hours"}
    answer = analyst.send("/drafts/deploy", fields, page=page)
    assert answer.status_code == 303
    assert "five hours" in analyst.get(answer.location).text
    assert list_drafts(engine) == []
    assert {row.version for row in list_definitions(engine, "process")} == {2}


def test_draft_with_errors_is_refused_with_the_way_to_them(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    analyst = sit_down(app, engine, "analyst")
    draft_id = begin(engine, analyst)
    save(analyst, draft_id, drawn_trial()[DIAGRAM].replace(b'"trial/note"', b'"trial/nota"', 1))
    page = f"/drafts/deploy?draft={draft_id}"
    answer = analyst.send("/drafts/deploy", {"listed": draft_id, "draft": f"{draft_id}:2"}, page=page)
    assert answer.status_code == 422
    assert f'href="/drafts/{draft_id}?element=fill"' in answer.text
    assert {row.version for row in list_definitions(engine, "process")} == {1}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"key": "Trip"}, "这个键不符合下面的规则"),
        ({"key": "trial"}, "这个键已被使用"),
        ({"key": "trip", "name_zh": ""}, "请填写中文名称"),
    ],
)
def test_something_new_is_begun_or_told_what_is_wrong(
    app: Flask, engine: Engine, fields: dict[str, str], words: str
) -> None:
    deploy_trial(engine)
    analyst = sit_down(app, engine, "analyst")
    full = {"kind": "process", "key": "trip", "name_zh": "出差", "name_en": "Trip"}
    refused = analyst.send("/drafts/new", full | fields, page="/drafts/new")
    assert refused.status_code == 422
    assert words in refused.text
    assert list_drafts(engine) == []
    assert analyst.send("/drafts/new", full, page="/drafts/new").status_code == 303
    page = analyst.get("/definitions").text
    assert list_drafts(engine)[0].id in page
    editor = analyst.get(f"/drafts/{list_drafts(engine)[0].id}")
    assert "出差" in editor.text
    assert "style-src 'self' 'unsafe-inline'" in editor.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in analyst.get("/definitions").headers["Content-Security-Policy"]


def test_draft_of_a_process_is_compared_with_what_it_began_from(app: Flask, engine: Engine) -> None:
    deploy_trial(engine)
    analyst = sit_down(app, engine, "analyst")
    page = analyst.get(f"/drafts/{begin(engine, analyst)}/compare")
    assert f'data-version="/definitions/{find_id(engine, "trial")}/file"' in page.text
    assert "style-src 'self' 'unsafe-inline'" in page.headers["Content-Security-Policy"]
    assert analyst.get(f"/drafts/{begin(engine, analyst, 'fee')}/compare").status_code == 404
