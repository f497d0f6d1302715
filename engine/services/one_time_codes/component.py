"""The field for a one-time code. What is typed is tried before the form is looked at, so that no error undoes a try."""

from collections.abc import Iterator, Mapping

from wtforms.form import BaseForm
from wtforms.validators import StopValidation

from engine.definitions.forms.components import FormComponent, form_component
from engine.definitions.forms.digits import DigitsField, are_digits
from engine.definitions.forms.fields import Submitted
from engine.definitions.forms.messages import Language
from engine.definitions.forms.model import Component, Finding
from engine.definitions.forms.typed import fold_width
from engine.definitions.registry import ViewCall, view
from engine.services.one_time_codes.codes import DIGITS, check_code, find_code
from engine.services.one_time_codes.sending import read_outbox
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict

CODE = "baton:one_time_code"
VIEW = "one_time_code"


@view(VIEW)
def show_code(call: ViewCall) -> Plain:
    """How the code last sent to the reader for this case stands; empty before the first one."""
    row = find_code(call.connection, call.actor.user_id, call.instance_id)
    if row is None:
        return {}
    is_open = row.verified_at is None and row.tries_left > 0 and row.expires_at > call.now
    return {
        "id": row.id,
        "is_verified": row.verified_at is not None,
        "is_expired": row.expires_at <= call.now,
        "tries_left": row.tries_left,
        "shown": read_outbox(call.connection, call.keys, row.id) if is_open else None,
        "is_open": is_open,
    }


class OneTimeCodeField(DigitsField):
    """The digits as typed; its value names the code they proved."""

    def pre_validate(self, form: BaseForm) -> None:
        found = self.meta.binding.data.get(VIEW)
        state = found if isinstance(found, dict) else {}
        if state.get("is_verified"):
            self.data = {"code": state["id"]}
            return
        self.errors = [self.refuse(self._find_problem(state), tries=state.get("tries_left")).args[0]]
        raise StopValidation

    def _find_problem(self, state: PlainDict) -> str:
        if not state:
            return "code_not_sent"
        if not state["is_open"]:
            return "code_expired" if state["is_expired"] else "code_spent"
        if not self.typed.strip():
            return "code_missing"
        return "code_wrong" if are_digits(self.typed, DIGITS) else "code_form"


@form_component(CODE)
class OneTimeCode(FormComponent):
    """Asks for the six digits that were sent to who fills the form in; `source` is `one_time_code`."""

    properties = frozenset({"source"})
    field_class = OneTimeCodeField
    receives = True

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        if component.properties.get("source") != VIEW:
            yield Finding(component.name, "wrong_property", {"property": "source", "expected": f'"{VIEW}"'})

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        found = data.get(VIEW)
        return dict(found) if isinstance(found, dict) else {}

    def receive(
        self, unit: UnitOfWork, keys: KeyRing, actor: Actor, instance_id: str, component: Component, sent: Submitted
    ) -> None:
        typed = fold_width(str(next(iter(sent.getlist(component.name)), "")))
        if are_digits(typed, DIGITS):
            check_code(unit, keys, actor, instance_id, typed)
