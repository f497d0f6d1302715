"""The definitions that come with the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("bpmn", "forms")
SUFFIXES = frozenset({".bpmn", ".dmn", ".form", ".json", ".agreement"})


def read_definitions() -> dict[str, bytes]:
    """Everything under `bpmn/` and `forms/` that is deployed, by its path."""
    return {
        str(path.relative_to(ROOT)): path.read_bytes()
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in SUFFIXES
    }
