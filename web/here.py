"""The present request as it is. Each look through Flask's proxies costs a microsecond, and every request takes many."""

from typing import Any

from flask import Request
from flask.globals import _cv_app, _cv_request


def asked() -> Request:
    """The request that is being answered."""
    return _cv_request.get().request


def running() -> Any:
    """The application that answers it."""
    return _cv_app.get().app


def kept() -> Any:
    """What is kept with it until it is answered: Flask's `g`."""
    return _cv_app.get().g
