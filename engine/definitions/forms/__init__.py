"""Forms: what people fill in. A form-js schema becomes an immutable `Form`; `bind` puts it before one person."""

from engine.definitions.forms.binding import BoundForm, bind, is_refresh
from engine.definitions.forms.components import FormComponent, form_component
from engine.definitions.forms.fields import upload_name
from engine.definitions.forms.model import Finding, Form, FormInvalid
from engine.definitions.forms.parsing import parse_form
from engine.definitions.forms.selecting import Changes, SelectRow
from engine.definitions.forms.sums import Counts, Split

__all__ = [
    "BoundForm",
    "Changes",
    "Counts",
    "Finding",
    "Form",
    "FormComponent",
    "FormInvalid",
    "SelectRow",
    "Split",
    "bind",
    "form_component",
    "is_refresh",
    "parse_form",
    "upload_name",
]
