"""The part of a form that shows agreements and takes the consent to them, to be signed with a name and a code."""

import hashlib
from collections.abc import Iterator, Mapping

from wtforms.form import BaseForm
from wtforms.validators import StopValidation

from engine.definitions.forms.components import FormComponent, form_component
from engine.definitions.forms.fields import PlainField, Submitted
from engine.definitions.forms.messages import Language, say
from engine.definitions.forms.model import Component, Finding
from engine.definitions.forms.typed import fold_width
from engine.definitions.registry import ViewCall, view
from engine.services.agreements.texts import AgreementVersion, fetch_newest
from engine.storage import vault
from engine.storage.plain import Plain, PlainDict

SIGN = "baton:sign_agreement"
VIEW = "signing"


@view(VIEW)
def show_agreements(call: ViewCall) -> Plain:
    """The agreements to sign now: those `agreement_kinds` of the process data names, in their newest versions.

    `certified_name` of the process data (a text, a reference, or a list of them) says whose signature it must be.
    """
    kinds = call.data.get("agreement_kinds")
    versions = fetch_newest(call.connection, map(str, kinds)) if isinstance(kinds, list) else []
    known = call.data.get("certified_name")
    names = [_open(call, one) for one in (known if isinstance(known, list) else [known])]
    documents: list[Plain] = [_describe(one) for one in versions]
    return {
        "documents": documents,
        "digest": hashlib.sha256("".join(one.sha256 for one in versions).encode()).hexdigest(),
        "certified_names": [name for name in names if name],
    }


def _open(call: ViewCall, value: Plain) -> str | None:
    if vault.is_reference(value):
        return vault.open_reference(call.connection, call.keys, value)
    return value if isinstance(value, str) else None


def _describe(one: AgreementVersion) -> PlainDict:
    texts: PlainDict = {
        "zh": [{"text": block.text, "is_heading": block.is_heading} for block in one.text.zh],
        "en": [{"text": block.text, "is_heading": block.is_heading} for block in one.text.en],
    }
    return {
        "definition_id": one.definition_id,
        "kind": one.kind,
        "version": one.version,
        "sha256": one.sha256,
        "name": {"zh": one.text.name.zh, "en": one.text.name.en},
        "blocks": texts,
    }


class SignAgreementField(PlainField):
    """The consent; its value names the versions it was given to, and the language they were read in."""

    def input_names(self) -> tuple[str, ...]:
        return (f"{self.name}-accept", f"{self.name}-read")

    def read_submitted(self, submitted: Submitted) -> None:
        self.is_accepted = bool(submitted.getlist(f"{self.name}-accept"))
        self.read_digest = str(next(iter(submitted.getlist(f"{self.name}-read")), ""))

    def read_stored(self, value: Plain) -> None:
        self.is_accepted, self.read_digest = False, ""

    @property
    def draft(self) -> Plain:
        return None

    def pre_validate(self, form: BaseForm) -> None:
        found = self.meta.binding.data.get(VIEW)
        asked = found if isinstance(found, dict) else {}
        problems = [*self._find_problems(asked, form)]
        if problems:
            self.errors = [say(self.language, problem) for problem in problems]
            raise StopValidation
        documents = asked["documents"]
        assert isinstance(documents, list)
        names = ("definition_id", "kind", "version", "sha256")
        signed: list[Plain] = [{name: one[name] for name in names} for one in documents if isinstance(one, dict)]
        self.data = {"documents": signed, "language": self.language}

    def _find_problems(self, asked: PlainDict, form: BaseForm) -> Iterator[str]:
        if not asked.get("documents"):
            yield "agreement_none"
        elif self.read_digest != asked["digest"]:
            yield "agreement_changed"
        if not self.is_accepted:
            yield "agreement_not_accepted"
        certified, signer = asked.get("certified_names"), str(self.component.properties.get("signer"))
        typed = _fold(str(form[signer].data or "")) if signer in form else ""
        if isinstance(certified, list) and certified and typed and typed not in {_fold(str(one)) for one in certified}:
            yield "agreement_signer"


def _fold(name: str) -> str:
    """A name as it is compared: width, case and blanks make no difference."""
    return "".join(fold_width(name).casefold().split())


@form_component(SIGN)
class SignAgreement(FormComponent):
    """The agreements that `agreement_kinds` of the process data lists, each to be read, and one consent to all of them.

    `source` is `signing`; `signer` names the field with the signer's name, which must be the certified one where that
    is known.
    """

    properties = frozenset({"source", "signer"})
    field_class = SignAgreementField

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        for name, expected in (("source", {VIEW}), ("signer", keys)):
            if component.properties.get(name) not in expected:
                told = f'"{VIEW}"' if name == "source" else "the key of a field"
                yield Finding(component.name, "wrong_property", {"property": name, "expected": told})

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        found = data.get(VIEW)
        return dict(found) if isinstance(found, dict) else {"documents": []}
