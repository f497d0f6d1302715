"""What a program sends: a JSON object, read field by field; whatever does not fit is refused by its name."""

from datetime import timedelta

import orjson
from flask import Request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from engine.commands.external import RequestUnfit
from engine.storage.plain import Plain, PlainDict

JSON_TYPE = "application/json"


class Body:
    """The fields of one request. Each read takes a field out; `end` refuses what is left."""

    def __init__(self, request: Request) -> None:
        if request.mimetype != JSON_TYPE:
            raise UnsupportedMediaType
        try:
            content = orjson.loads(request.get_data())
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"Expected JSON, but {error}") from None
        if not isinstance(content, dict):
            raise BadRequest("Expected a JSON object")
        self._fields: PlainDict = content

    def text(self, name: str, most: int, otherwise: str | None = None) -> str:
        """A text of 1 to `most` characters; without `otherwise` it must be there."""
        value = self._take(name, otherwise)
        if not isinstance(value, str) or len(value) > most or (not value and otherwise is None):
            raise RequestUnfit(name, f"Expected {name} to be a text of 1 to {most} characters")
        return value

    def number(self, name: str, otherwise: int | None = None) -> int:
        """A whole number."""
        value = self._take(name, otherwise)
        if not isinstance(value, int) or isinstance(value, bool):
            raise RequestUnfit(name, f"Expected {name} to be a whole number")
        return value

    def seconds(self, name: str, otherwise: float | None = None) -> timedelta:
        """A length of time in seconds."""
        value = self._take(name, otherwise)
        if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > 1e9:
            raise RequestUnfit(name, f"Expected {name} to be a number of seconds")
        return timedelta(seconds=value)

    def texts(self, name: str, most: int) -> list[str]:
        """A list of 1 to `most` texts."""
        value = self._take(name, None)
        texts = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
        if not texts or len(texts) > most or texts != value:
            raise RequestUnfit(name, f"Expected {name} to be a list of 1 to {most} texts")
        return texts

    def variables(self, name: str = "variables") -> PlainDict:
        """An object; an empty one where it is left out."""
        value = self._take(name, {})
        if not isinstance(value, dict):
            raise RequestUnfit(name, f"Expected {name} to be an object")
        return value

    def end(self) -> None:
        """Raises RequestUnfit for a field nobody asked for: it may be one that was misspelt."""
        for name in self._fields:
            raise RequestUnfit(name, f"Expected no field {name}")

    def _take(self, name: str, otherwise: Plain) -> Plain:
        value = self._fields.pop(name, otherwise)
        if value is None:
            raise RequestUnfit(name, f"Expected the field {name}")
        return value
