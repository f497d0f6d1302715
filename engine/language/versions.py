"""A fixed version of a called process goes by a name of its own, such as `bill@2`: a case may run several of them."""

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
