"""A fixed version of a called process goes by a name of its own, such as `bill@2`: a case may run several of them."""

from collections.abc import Iterator, Mapping

from lxml import etree

MARK = "@"  # no id of an element holds it
MAX_DIGITS = 6


def name_version(key: str, version: str) -> str:
    """The name of one version of a process."""
    return f"{key}{MARK}{version}"


def is_version(text: str) -> bool:
    """Whether it is the number of a version, as it is counted from 1."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def split_version(name: str) -> tuple[str, int | None]:
    """The key of a process, and the version if its name says which one."""
    key, _, version = name.partition(MARK)
    return (key, int(version)) if is_version(version) else (name, None)


class NamedSources(Mapping[str, bytes]):
    """Files by the names of the processes they are wanted for, in which those processes go by these names.

    A version that is not among the files stands for the one that is: diagrams are checked without old versions.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def __getitem__(self, name: str) -> bytes:
        key, version = split_version(name)
        content = self._files[name] if name in self._files else self._files[key]
        return content if version is None else _rename_process(content, key, name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._files or split_version(name)[0] in self._files)

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _rename_process(content: bytes, key: str, name: str) -> bytes:
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    for node in root.iterchildren("{*}process"):
        if node.get("id") == key:
            node.set("id", name)
    return etree.tostring(root)
