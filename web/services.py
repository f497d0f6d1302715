"""Imports every service, so that its topics, relations, views, jobs and tables are registered."""

import importlib
import pkgutil

import engine.services

EXTRAS = frozenset({"engine.services.payments.alipay"})
"""Adapters that need an optional extra: they register nothing, and are imported where they are chosen."""


def load_services() -> None:
    """Imports `engine.services` and all below it."""
    for module in pkgutil.walk_packages(engine.services.__path__, "engine.services."):
        if module.name not in EXTRAS:
            importlib.import_module(module.name)
