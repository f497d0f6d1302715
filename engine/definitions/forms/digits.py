"""A field for digits somebody is told: tried before the form is looked at, and kept nowhere as they were typed."""

import re

from engine.definitions.forms.fields import PlainField
from engine.definitions.forms.typed import fold_width
from engine.storage.plain import Plain


def are_digits(text: str, count: int) -> bool:
    """Whether that many digits were typed, of whatever width."""
    return re.fullmatch(rf"[0-9]{{{count}}}", fold_width(text)) is not None


class DigitsField(PlainField):
    """The digits as typed; what they proved becomes its value in `pre_validate`."""

    def read(self, text: str) -> Plain:
        return fold_width(text)

    def read_stored(self, value: Plain) -> None:
        """Digits are never kept with a draft."""

    @property
    def draft(self) -> Plain:
        return None
