"""The entry to the lint: a set of files, or paths on disk."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from engine.definitions.findings import Finding

# Importing a module of rules registers them; their order here is the order of the findings.
from engine.definitions.lint import (  # noqa: F401  # imported for their registration
    activities,
    attributes,
    calls,
    dataflow,
    elements,
    events,
    gateways,
    loops,
    names,
    parallel,
    policy,
    reactions,
    sizes,
    starts,
    structure,
    texts,
    timers,
)
from engine.definitions.lint.project import REGISTERED, Project, Registry
from engine.definitions.lint.reading import CHECKS, check_file

NO_FILES: Mapping[str, bytes] = MappingProxyType({})
FOLDERS = ("bpmn", "forms")


def lint_files(
    files: Mapping[str, bytes], registry: Registry = REGISTERED, *, context: Mapping[str, bytes] = NO_FILES
) -> list[Finding]:
    """All findings of these files, those of one file together. Never raises for any content.

    `context` holds files that are deployed already: they are looked up, not examined. Paths are
    `bpmn/<process>/<name>.bpmn` (or .dmn, .json) and `forms/<process>/<name>.form`.
    """
    project = Project(files, registry, context)
    findings = [finding for path in sorted(files) for finding in check_file(path, files[path], project)]
    return list(dict.fromkeys(findings))


def lint_paths(
    paths: Iterable[Path], registry: Registry = REGISTERED, *, shipped: Mapping[str, bytes] = NO_FILES
) -> list[Finding]:
    """All findings of these files and folders, with the bpmn and forms folders around them as context.

    A file that lies in no such folders is examined among the files of its folder and those that are `shipped`.
    Raises FileNotFoundError for a path that does not exist.
    """
    files: dict[str, bytes] = {}
    context: dict[str, bytes] = {}
    for path in [found for given in paths for found in _expand(given)]:
        root = _find_project(path)
        files[_name_in(path, root)] = path.read_bytes()
        for other in _list_neighbours(path, root):
            context.setdefault(_name_in(other, root), other.read_bytes())
        context = context if root else {**shipped, **context}
    return lint_files(files, registry, context=context)


def _list_neighbours(path: Path, root: Path | None) -> Iterator[Path]:
    if root is None:
        yield from (found for found in sorted(path.parent.iterdir()) if found.suffix[1:] in CHECKS and found.is_file())
        return
    for folder in FOLDERS:
        yield from _expand(root / folder) if (root / folder).is_dir() else ()


def _expand(path: Path) -> Iterator[Path]:
    """The file itself, or the definitions in a folder."""
    if path.is_dir():
        yield from sorted(found for found in path.rglob("*") if found.suffix[1:] in CHECKS and found.is_file())
    else:
        yield path


def _find_project(path: Path) -> Path | None:
    """The nearest folder above that holds a bpmn folder."""
    return next((folder for folder in path.resolve().parents if (folder / "bpmn").is_dir()), None)


def _name_in(path: Path, root: Path | None) -> str:
    resolved = path.resolve()
    return resolved.relative_to(root).as_posix() if root else path.as_posix()
