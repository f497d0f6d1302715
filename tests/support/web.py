"""The application as tests make it: one for each test, its templates compiled once for all of them."""

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from engine.runtime.engine import Engine
from web.app import create_app
from web.editions import Pages


class _Compiled(BytecodeCache):
    """Keeps compiled templates as long as the process lives, by language, name and source."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Gives a template what was kept of it."""
        if (kept := self._kept.get(_key(bucket))) is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps a template that was just compiled."""
        self._kept[_key(bucket)] = bucket.bytecode_to_string()


def _key(bucket: Bucket) -> tuple[str, ...]:
    pages = bucket.environment
    assert isinstance(pages, Pages)
    assert pages.language
    return pages.language, bucket.key, bucket.checksum


_COMPILED = _Compiled()


def make_app(engine: Engine) -> Flask:
    """The real application over an engine."""
    app = create_app(engine)
    app.jinja_env.bytecode_cache = _COMPILED
    return app
