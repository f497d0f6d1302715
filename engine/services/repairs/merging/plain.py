"""What is merged as plain data, and back: views hand the sources of a report to the form that merges them."""

from collections.abc import Collection
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson

from engine.services.repairs.merging.model import Info, Order
from engine.storage.plain import PlainDict


def describe_sources(order: Order, infos: Collection[Info], returnable: Collection[str]) -> PlainDict:
    """What `baton:merge` shows. `returnable` are the members (by id) whom the leader may ask for more."""
    found: PlainDict = orjson.loads(orjson.dumps({"order": order, "infos": [*infos], "returnable": [*returnable]}))
    return found


def read_sources(found: PlainDict) -> tuple[Order, tuple[Info, ...]]:
    """The same again."""
    order: Order = _read(Order, found["order"])
    infos: tuple[Info, ...] = _read(tuple[Info, ...], found["infos"])
    return order, infos


def _read(kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{one.name: _read(hints[one.name], value[one.name]) for one in fields(kind)})  # type: ignore[operator]
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        if kinds[1:] == (...,):
            return tuple(_read(kinds[0], one) for one in value)
        return tuple(_read(one, item) for one, item in zip(kinds, value, strict=True))
    if get_origin(kind) in (UnionType, Union):
        return None if value is None else _read(get_args(kind)[0], value)
    return value
