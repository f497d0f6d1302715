"""The faults of SpiffWorkflow 3.2.0 that our specs repair, each noted at the code that is its repair.

`docs/repairs.md` lists them; a test puts every fault back in turn and sees another test fail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Code = TypeVar("Code", bound=Callable[..., Any])


@dataclass(frozen=True)
class Repair:
    """`fault` is what the library does, in a sentence; `place` is the code that does otherwise."""

    id: str
    fault: str
    place: str


REPAIRS: dict[str, Repair] = {}


def repairs(name: str, fault: str) -> Callable[[Code], Code]:
    """Marks a class or function as the repair of a fault; it stays what it is."""

    def note(code: Code) -> Code:
        if name in REPAIRS:
            raise ValueError(f"Expected every repair once, but {name} is there again")
        module = code.__module__.removeprefix("engine.language.")
        REPAIRS[name] = Repair(name, fault, f"{module}.{code.__qualname__}")
        return code

    return note
