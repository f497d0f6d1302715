"""Imports every service, so that its topics, relations, views, jobs and tables are registered."""

import importlib
import pkgutil

import engine.services


def load_services() -> None:
    """Imports `engine.services` and all below it."""
    for module in pkgutil.walk_packages(engine.services.__path__, "engine.services."):
        importlib.import_module(module.name)
