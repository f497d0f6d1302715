"""A report as it is put out: a page, a PDF, and the bytes whose hash it is known by."""

import hashlib
import re

import pytest
from sqlalchemy import update

from engine.services.repairs.tables import repair_report
from engine.storage.plain import Plain
from engine.storage.tables import user
from tests.engine.services.repairs.crew import Crew
from tests.support.stage import Stage
from tests.support.web import make_app
from tests.web.visitor import PASSWORD, Visitor, hash_password

SAID: dict[str, Plain] = {"fault_code": "E-11", "measure_name": "电容", "action": "更换电容"}


@pytest.fixture
def crew(stage: Stage) -> Crew:
    """A crew whose report is merged: one fault of three, two values of it, one photo of two."""
    crew = Crew(stage)
    hashed = {"password_hash": hash_password(PASSWORD)}
    stage.engine.database.transact(lambda unit: unit.connection.execute(update(user).values(hashed)))
    crew.send()
    crew.begin()
    for name, volts in (("leo", "35"), ("ann", "35.0"), ("bob", "31")):
        crew.report(name, "01", f"压缩机电容击穿（{name}）", measure_value=volts, **SAID)
    for name, number in (("ann", 1), ("bob", 1), ("leo", 2)):
        crew.do(
            name, "upload_photos", photos=[crew.upload(name, number)], **{"photos-line": "01", "photos-stage": "after"}
        )
    crew.do("leo", "merge_and_analyse", analysis="电容已更换。", **crew.decide())
    crew.do("ann", "ack_merge", ack="agree")
    crew.do("bob", "ack_merge", ack="dissent", dissent_note="电容是临时更换。")
    crew.do("leo", "submit_report", is_complete="true")
    return crew


def test_a_report_is_put_out_in_three_forms_to_whom_it_concerns(crew: Crew) -> None:
    app = make_app(crew.stage.engine)
    leader, assistant = (Visitor(app, address=f"10.0.0.{number}") for number in (1, 2))
    leader.sign_in("leo")
    assistant.sign_in("ann")
    (row,) = [one for one in crew.rows(repair_report) if one.kind == "merged"]
    path = f"/repairs/{crew.order}/reports/{row.version}"

    sent = leader.get(f"{path}.json")
    assert hashlib.sha256(sent.data).hexdigest() == row.sha256
    assert sent.headers["ETag"] == f'"{row.sha256}"'
    assert assistant.get(f"{path}.json").status_code == 403
    assert leader.get(f"{path}.xml").status_code == 404

    page = leader.get(f"{path}.html").text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    for words in (
        "3 → 1",
        "更换电容 组长 A1 A2",
        "31 A2 35 组长 A1",
        "电容是临时更换。 A2",
        "2 人上传了同一张",
        row.sha256,
    ):
        assert words in text, words
    assert "来源：3 条原始信息" in text
    assert page.count("?small=1") == 4  # two contents, each at what it shows and among the photos
    seen = assistant.get(f"{path}.html").text
    assert "来源：1 条原始信息" in seen  # her own
    assert "下载 JSON" not in seen
    assert seen.count("?small=1") == 2  # hers, which Bob took as well
    assert seen.count('class="shot-none"') == 2

    whole, part = leader.get(f"{path}.pdf").data, assistant.get(f"{path}.pdf").data
    assert whole.startswith(b"%PDF-")
    assert whole.count(b"/Subtype /Image") == 2
    assert part.count(b"/Subtype /Image") == 1  # without the leader's photo
