"""The list of documents, and documents as PDF: for whom they open, what they hold, the same bytes every time."""

import hashlib
import json
import re

from engine.services.agreements.filling import sign_agreements
from tests.support.stage import Stage
from tests.web.bazaar import Bazaar

PAPER = re.compile(r'href="(/papers/(\w+)/[0-9a-f-]+\.pdf)"')


def settle_an_order(stage: Stage) -> Bazaar:
    """Li paid Zhou 333.30 in November; Zhou has signed his agreements; now it is December."""
    bazaar = Bazaar(stage)
    bazaar.fund("li")
    order_id = bazaar.publish()
    bazaar.take(order_id)
    bazaar.start(order_id)
    bazaar.deliver(order_id)
    sign_agreements(stage.engine, bazaar.actor("zhou"), "周航")
    stage.wait(days=14)
    return bazaar


def test_documents_are_listed_and_open_for_whose_they_are(stage: Stage) -> None:
    bazaar = settle_an_order(stage)
    zhou, strangers = bazaar.visit("zhou"), [bazaar.visit("wang"), bazaar.visit("chen")]
    found = {kind: path for path, kind in PAPER.findall(zhou.get("/papers").text)}
    assert set(found) == {"agreement", "settlement", "statement", "withholding"}
    for kind, path in found.items():
        first = zhou.get(path)
        assert first.mimetype == "application/pdf"
        assert first.data.startswith(b"%PDF-1.")
        assert first.data.count(b"/FontFile2") == 2, "both fonts are embedded"
        told = zhou.get(path.replace(".pdf", ".json")).data
        number, sha256 = json.loads(told)["number"], hashlib.sha256(told).hexdigest()
        assert f'filename="{number}.pdf"' in first.headers["Content-Disposition"]
        assert "是真的" in zhou.get(f"/documents?number={number}&sha256={sha256}").text
        for stranger in strangers:
            assert stranger.get(path).status_code == 404, kind
        if kind == "settlement":
            assert zhou.get(path).data == first.data
    slip = found["settlement"].replace(".pdf", ".json")
    assert bazaar.visit("li").get(slip).status_code == 200
    assert zhou.get("/papers/nothing/1.pdf").status_code == 404


def test_an_invoice_is_asked_for_on_the_page(stage: Stage) -> None:
    bazaar = settle_an_order(stage)
    zhou = bazaar.visit("zhou")
    assert zhou.send("/papers/invoices", {"month": "2026-11", "tax_number": "<x>"}, page="/papers").status_code == 400
    answer = zhou.send("/papers/invoices", {"month": "2026-11"}, page="/papers")
    assert answer.headers["Location"] == "/papers?done=asked"
    assert "发票开具中" in zhou.get("/papers").text
    stage.settle()
    path = next(path for path, kind in PAPER.findall(zhou.get("/papers").text) if kind == "invoice")
    assert zhou.get(path).data.startswith(b"%PDF-1.")
    assert bazaar.visit("li").send("/papers/invoices", {"month": "2026-11"}, page="/inbox").status_code == 404
