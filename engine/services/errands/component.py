"""The field for a pickup or delivery code. What is typed is tried before the form is looked at, so that no error undoes
a try; five wrong ones lock it.
"""

from collections.abc import Iterator, Mapping

from wtforms.form import BaseForm
from wtforms.validators import StopValidation

from engine.definitions.forms.components import FormComponent, form_component, text_of
from engine.definitions.forms.digits import DigitsField, are_digits
from engine.definitions.forms.fields import Submitted, find_datum
from engine.definitions.forms.messages import Language
from engine.definitions.forms.model import Component, Finding
from engine.definitions.forms.typed import fold_width
from engine.definitions.registry import ViewCall, view
from engine.services.errands import states
from engine.services.errands.codes import DELIVERY, DIGITS, PICKUP, TRIES, find_code, try_code
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict

HANDOVER_CODE = "baton:handover_code"
VIEWS = {"errand_pickup_code": PICKUP, "errand_delivery_code": DELIVERY}
CODE, PHOTO = "code", "photo"
PROOFS = {CODE: ("核对数字", "By the digits"), PHOTO: ("拍照", "By a photo")}


@view("errand_pickup_code")
def show_pickup_code(call: ViewCall) -> Plain:
    """How often the pickup code was tried."""
    return _show(call, PICKUP)


@view("errand_delivery_code")
def show_delivery_code(call: ViewCall) -> Plain:
    """How often the delivery code was tried."""
    return _show(call, DELIVERY)


@view("errand_pickup_proofs")
def list_pickup_proofs(call: ViewCall) -> Plain:
    """By what the pickup may be proved: the code where it is asked for, else a photo."""
    row = states.fetch_row(call.connection, call.instance_id)
    return _list_proofs(call, PICKUP, row["needs_pickup_code"], may_leave=False)


@view("errand_delivery_proofs")
def list_delivery_proofs(call: ViewCall) -> Plain:
    """By what the delivery may be proved: the code where it is asked for; a photo where it is not, or the goods may be
    left."""
    row = states.fetch_row(call.connection, call.instance_id)
    return _list_proofs(call, DELIVERY, row["needs_delivery_code"], may_leave=row["may_leave"])


def _list_proofs(call: ViewCall, purpose: str, needs_code: bool, may_leave: bool) -> list[Plain]:
    """A code that was tried too often gives way to a photo."""
    is_locked = _show(call, purpose)["tries_left"] == 0
    is_possible = {CODE: needs_code and not is_locked, PHOTO: may_leave or is_locked or not needs_code}
    return [{"id": one, "name": PROOFS[one][call.language == "en"]} for one in PROOFS if is_possible[one]]


def _show(call: ViewCall, purpose: str) -> PlainDict:
    row = find_code(call.connection, call.instance_id, purpose)
    tries_left = row["tries_left"] if row is not None else TRIES
    return {"is_proved": row is not None and row["proved_at"] is not None, "tries_left": tries_left, "most": TRIES}


class HandoverCodeField(DigitsField):
    """The digits as typed; its value says that they were right."""

    def pre_validate(self, form: BaseForm) -> None:
        found = find_datum(self.meta.binding.data, text_of(self.component, "source"))
        state = found if isinstance(found, dict) else {}
        if state.get("is_proved"):
            self.data = "proved"
            return
        tries_left = state.get("tries_left", TRIES)
        is_typed = are_digits(self.typed, DIGITS)
        problem = "handover_code_wrong" if is_typed else "handover_code_missing"
        self.errors = [self.refuse(problem if tries_left else "handover_code_locked", tries=tries_left).args[0]]
        raise StopValidation


@form_component(HANDOVER_CODE)
class HandoverCode(FormComponent):
    """Asks for the digits somebody at the door tells the courier; `source` says which: `errand_pickup_code` or
    `errand_delivery_code`.
    """

    properties = frozenset({"source"})
    field_class = HandoverCodeField
    receives = True

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        if text_of(component, "source") not in VIEWS:
            yield Finding(component.name, "wrong_property", {"property": "source", "expected": " / ".join(VIEWS)})

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        found = find_datum(data, text_of(component, "source"))
        return dict(found) if isinstance(found, dict) else {}

    def receive(
        self, unit: UnitOfWork, keys: KeyRing, actor: Actor, instance_id: str, component: Component, sent: Submitted
    ) -> None:
        typed = fold_width(str(next(iter(sent.getlist(component.name)), "")))
        if are_digits(typed, DIGITS):
            try_code(unit.connection, keys, instance_id, VIEWS[text_of(component, "source")], typed, unit.now)
