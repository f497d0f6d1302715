"""Addresses that are filled in instead of being written anew are the ones Werkzeug writes."""

import pytest
from flask import Flask
from werkzeug.routing import BuildError

from web.application import Application

QUERIES: tuple[dict[str, object], ...] = (
    {},
    {"next": "a-b_c"},
    {"x": "ab", "y": "é /&?{}~"},
    {"a.b[0]!r": "q"},
    {"{0}": "q"},
    {"count": 3},
    {"empty": ""},
)
VALUES = ("5", "ab12", "a b/ü", "-_x", "..", 7)


def write(build: object, endpoint: str, values: dict[str, object]) -> str:
    assert callable(build)
    try:
        return str(build(endpoint, values))
    except BuildError as refused:
        return type(refused).__name__
    except ValueError as refused:
        return str(refused)


@pytest.mark.parametrize("value", VALUES)
def test_every_address_is_the_one_that_werkzeug_writes(app: Flask, value: object) -> None:
    assert isinstance(app, Application)
    theirs = app.url_map.bind("").build
    for rule in app.url_map.iter_rules():
        for query in QUERIES:
            values = dict.fromkeys(sorted(rule.arguments), value) | query
            expected = write(theirs, rule.endpoint, values)
            for _ in range(2):
                assert write(app.find_address, rule.endpoint, values) == expected, rule


def test_names_of_a_query_do_not_pile_up(app: Flask) -> None:
    assert isinstance(app, Application)
    for number in range(3_000):
        app.find_address("staff.inbox", {f"n{number}": "1"})
    assert app._find_pattern.cache_info().currsize <= 2_000
