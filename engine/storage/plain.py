"""Plain data: what JSON can hold, the only kind of value process data, forms and history are made of."""

from typing import TypeAlias

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
PlainDict: TypeAlias = dict[str, Plain]
