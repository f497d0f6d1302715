"""The pages can be installed as an app."""

import io

import pytest
from PIL import Image

from tests.web.visitor import Visitor


@pytest.mark.parametrize(("language", "lang", "word"), [("zh", "zh-CN", "跑腿"), ("en", "en", "errands")])
def test_the_manifest_is_in_the_readers_language_and_its_icons_are_there(
    visitor: Visitor, language: str, lang: str, word: str
) -> None:
    response = visitor.get("/app.webmanifest", headers={"Accept-Language": language})
    manifest = response.get_json(force=True)
    assert response.mimetype == "application/manifest+json"
    assert (manifest["lang"], manifest["start_url"], manifest["display"]) == (lang, "/", "standalone")
    assert word in manifest["description"]
    drawn = {(icon["purpose"], icon["sizes"], read_size(visitor, icon["src"])) for icon in manifest["icons"]}
    assert drawn == {
        ("any", "192x192", (192, 192)),
        ("any", "512x512", (512, 512)),
        ("maskable", "512x512", (512, 512)),
    }


def read_size(visitor: Visitor, address: str) -> tuple[int, int]:
    return Image.open(io.BytesIO(visitor.get(address).data)).size
