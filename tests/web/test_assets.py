"""The browser parts: pinned by hash, fetched from no address the repository names."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from web.assets.build import HERE, list_npm_folders

FOLDERS = [pytest.param(folder, id=folder.name) for folder in list_npm_folders()]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_package_is_pinned_by_hash(folder: Path) -> None:
    packages = {name: entry for name, entry in read_lock(folder)["packages"].items() if name}
    assert len(packages) > 10
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_lock_names_no_place_to_fetch_from(folder: Path) -> None:
    packages = read_lock(folder)["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    addresses = re.findall(r"https?://[^\s\"]+", (folder / "package-lock.json").read_text())
    funding = [entry["funding"] for entry in packages.values() if "funding" in entry]
    assert all(address in json.dumps(funding) for address in addresses)
    assert (folder / ".npmrc").read_text() == (HERE / ".npmrc").read_text()


@pytest.mark.parametrize("folder", FOLDERS)
def test_lock_holds_the_exact_versions_asked_for(folder: Path) -> None:
    wanted = json.loads((folder / "package.json").read_text())
    for name, version in {**wanted["dependencies"], **wanted.get("devDependencies", {})}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert read_lock(folder)["packages"][f"node_modules/{name}"]["version"] == version


@pytest.mark.parametrize("folder", FOLDERS)
def test_one_preact_per_folder(folder: Path) -> None:
    """Menus drawn with the elements of another preact stay empty, without an error; a copy in a package is its own."""
    found = [name for name in read_lock(folder)["packages"] if re.fullmatch(r"node_modules/(.*/)?preact", name)]
    assert found == ["node_modules/preact"]


def test_icons_are_listed_once_and_in_order() -> None:
    names = (HERE / "icons.txt").read_text().split()
    assert names == sorted(set(names))


def read_lock(folder: Path) -> Any:
    return json.loads((folder / "package-lock.json").read_text())
