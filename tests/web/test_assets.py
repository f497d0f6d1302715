"""The browser parts: pinned by hash, fetched from no address the repository names."""

import json
import re
from pathlib import Path

ASSETS = Path(__file__).parents[2] / "web" / "assets"
LOCK = json.loads((ASSETS / "package-lock.json").read_text())
WANTED = json.loads((ASSETS / "package.json").read_text())


def test_every_package_is_pinned_by_hash() -> None:
    packages = {name: entry for name, entry in LOCK["packages"].items() if name}
    assert len(packages) > 10
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []


def test_lock_names_no_place_to_fetch_from() -> None:
    assert [name for name, entry in LOCK["packages"].items() if "resolved" in entry] == []
    addresses = re.findall(r"https?://[^\s\"]+", (ASSETS / "package-lock.json").read_text())
    funding = [entry["funding"] for entry in LOCK["packages"].values() if "funding" in entry]
    assert all(address in json.dumps(funding) for address in addresses)


def test_lock_holds_the_exact_versions_asked_for() -> None:
    for name, version in WANTED["dependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert LOCK["packages"][f"node_modules/{name}"]["version"] == version


def test_icons_are_listed_once_and_in_order() -> None:
    names = (ASSETS / "icons.txt").read_text().split()
    assert names == sorted(set(names))
