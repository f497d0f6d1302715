"""Reads the steps of a scenario: each is a mapping with one verb, and what the verb needs."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from engine.definitions.forms import Form
from engine.definitions.forms.model import Component
from engine.language.errors import ValueUnfit
from engine.language.specs.durations import WORKING, parse_duration, parse_working_time
from engine.language.suggest import suggest
from engine.scenarios.commands import asks_for
from engine.scenarios.expectations import NOW, USER_TASK, read_expectation
from engine.scenarios.model import (
    Answer,
    Claim,
    Command,
    Complete,
    Expect,
    FormFields,
    Message,
    PayIn,
    Provider,
    Signal,
    Step,
    Wait,
    WaitUntilDue,
)
from engine.scenarios.naming import Reader
from engine.scenarios.parts import Part
from engine.services.ledger.fees import BPS
from engine.services.payments.simulator import FILE_FAULTS, SimulatorRules
from engine.storage.plain import PlainDict

LIKE = "like"


def read_given(part: Part, reader: Reader) -> Iterator[Step]:
    """What is so before the case begins: money, the provider, commands of people."""
    return _read(part, reader, ("command", "pay_in", "provider"))


def read_steps(part: Part, reader: Reader) -> Iterator[Step]:
    """What is done, one after the other."""
    return _read(part, reader, tuple(VERBS))


def _read(part: Part, reader: Reader, verbs: tuple[str, ...]) -> Iterator[Step]:
    for item in part.items():
        names = list(item.entries())
        verb = next((name for name in names if name in verbs), None)
        if verb is None:
            near = suggest(names[0], verbs) if names else ""
            raise item.error(f"Expected a step, one of {', '.join(sorted(verbs))}{near}")
        yield VERBS[verb](item, reader)


def _read_complete(part: Part, reader: Reader) -> Step:
    fields = part.fields("complete", "by", optional=("form", "about"))
    name = reader.element(fields["complete"], USER_TASK)
    form = reader.form_of(reader.definitions.elements[name])
    typed = read_form(fields["form"], form, reader) if "form" in fields else {}
    about = reader.party(fields["about"]) if "about" in fields else None
    return Complete(reader.place(part), name, reader.actor(fields["by"]), typed, about)


def _read_claim(part: Part, reader: Reader) -> Step:
    fields = part.fields("claim", "by")
    return Claim(reader.place(part), reader.element(fields["claim"], USER_TASK), reader.actor(fields["by"]))


def _read_command(part: Part, reader: Reader) -> Step:
    fields = part.fields("command", "by", optional=("with",))
    name = reader.command(fields["command"])
    given, wanted = fields["with"].entries() if "with" in fields else {}, asks_for(name)
    for key, value in given.items():
        if key not in wanted:
            raise value.error(f"Expected one of {', '.join(wanted) or 'nothing'} of {name}{suggest(key, wanted)}")
    for key, parameter in wanted.items():
        if parameter.default is parameter.empty and key not in given:
            raise part.error(f"Expected {key} under `with`, which {name} needs")
    values = fields["with"].plain_dict() if "with" in fields else {}
    return Command(reader.place(part), name, reader.actor(fields["by"]), values)


def _read_message(part: Part, reader: Reader) -> Step:
    fields = part.fields("message", optional=("payload",))
    return Message(reader.place(part), fields["message"].text(), _read_payload(fields))


def _read_signal(part: Part, reader: Reader) -> Step:
    fields = part.fields("signal", optional=("payload",))
    return Signal(reader.place(part), fields["signal"].text(), _read_payload(fields))


def _read_payload(fields: Mapping[str, Part]) -> PlainDict:
    return fields["payload"].plain_dict() if "payload" in fields else {}


def _read_answer(part: Part, reader: Reader) -> Step:
    fields = part.fields("answer", optional=("with", "error"))
    if ("with" in fields) == ("error" in fields):
        raise part.error("Expected either `with`, the result, or `error`, the code of a business error")
    result = fields["with"].plain_dict() if "with" in fields else {}
    error = fields["error"].text() if "error" in fields else None
    return Answer(reader.place(part), reader.element(fields["answer"], "serviceTask"), result, error)


def _read_wait(part: Part, reader: Reader) -> Step:
    text = part.fields("wait")["wait"]
    try:
        parse_working_time(text.text()) if text.text().startswith(WORKING) else parse_duration(text.text())
    except ValueUnfit as error:
        raise text.error(str(error)) from None
    return Wait(reader.place(part), text.text())


def _read_wait_until_due(part: Part, reader: Reader) -> Step:
    timer = part.fields("wait_until_due")["wait_until_due"]
    name = reader.element(timer, "boundaryEvent", "intermediateCatchEvent")
    if reader.definitions.elements[name].event != "timer":
        raise timer.error(f"Expected a timer, but {timer.text()} is none")
    return WaitUntilDue(reader.place(part), name)


def _read_pay_in(part: Part, reader: Reader) -> Step:
    amounts = part.fields("pay_in")["pay_in"].entries()
    for name, amount in amounts.items():
        if name not in reader.roles:
            raise amount.error(f"Expected one of the people, but got {name!r}{suggest(name, reader.roles)}")
    return PayIn(reader.place(part), {name: amount.fen() for name, amount in amounts.items()})


def _read_provider(part: Part, reader: Reader) -> Step:
    fields = part.fields("provider")["provider"].fields(
        optional=("delay", "fails", "loses_answers", "reports_twice", "file", "charges_back")
    )

    def share(name: str) -> int:
        return fields[name].flag() * BPS if name in fields else 0

    fault = fields["file"].text() if "file" in fields else ""
    if fault and fault not in FILE_FAULTS:
        raise fields["file"].error(
            f"Expected one of {', '.join(FILE_FAULTS)}, but got {fault!r}{suggest(fault, FILE_FAULTS)}"
        )
    rules = SimulatorRules(
        delay_seconds=_read_seconds(fields["delay"]) if "delay" in fields else 0,
        failure_bps=share("fails"),
        lost_answer_bps=share("loses_answers"),
        duplicate_bps=share("reports_twice"),
        file_fault_bps=BPS if fault else 0,
        file_fault=fault,
        charge_back_bps=share("charges_back"),
    )
    return Provider(reader.place(part), rules)


def _read_seconds(part: Part) -> int:
    try:
        duration = parse_duration(part.text())
    except ValueUnfit as error:
        raise part.error(str(error)) from None
    return int((timedelta(days=duration.days) + duration.rest).total_seconds())


def _read_expect(part: Part, reader: Reader) -> Step:
    expected = part.fields("expect")["expect"]
    return Expect(reader.place(expected), read_expectation(expected, expected.fields(optional=NOW), reader))


VERBS: dict[str, Callable[[Part, Reader], Step]] = {
    "complete": _read_complete,
    "claim": _read_claim,
    "command": _read_command,
    "message": _read_message,
    "signal": _read_signal,
    "answer": _read_answer,
    "wait": _read_wait,
    "wait_until_due": _read_wait_until_due,
    "pay_in": _read_pay_in,
    "provider": _read_provider,
    "expect": _read_expect,
}


FILES = "files"


def read_form(part: Part, form: Form | None, reader: Reader) -> FormFields:
    """What a person types, by the names of the inputs. A component of several inputs is a mapping; so is each entry of
    a list. `like` begins with a form of `forms.yaml`. Raises ScenarioInvalid for a field the form does not have.
    """
    known = form.inputs if form else {}
    typed: dict[str, tuple[str, ...]] = {}
    fields = part.entries()
    if LIKE in fields:
        fields = {**reader.like(fields.pop(LIKE)).entries(), **fields}
    for name, value in fields.items():
        component = known.get(name)
        if component is None:
            where = f"of the form {form.key}" if form else "of a form, but the task has none"
            raise value.error(f"Expected a field {where}{suggest(name, known)}")
        if component.entry:
            typed |= _read_entries(value, component)
        elif value.is_mapping:
            typed |= _read_inputs(value, name, {choice.value for choice in component.choices})
            if component.takes_files:  # with something asked of each of them
                typed[name] = typed.pop(f"{name}-{FILES}", ())
        else:
            typed[name] = tuple(value.texts())
    return typed


def _read_entries(part: Part, component: Component) -> dict[str, tuple[str, ...]]:
    numbers = range(1, len(part.items()) + 1)
    typed: dict[str, tuple[str, ...]] = {component.name: tuple(map(str, numbers))}
    for number, entry in zip(numbers, part.items(), strict=True):
        typed |= _read_inputs(entry, f"{component.name}-{number}", {one.name for one in component.entry})
    return typed


def _read_inputs(part: Part, prefix: str, known: set[str]) -> dict[str, tuple[str, ...]]:
    typed = {}
    for name, value in part.entries().items():
        if known and name not in known:
            raise value.error(f"Expected one of {', '.join(sorted(known))}{suggest(name, known)}")
        typed[f"{prefix}-{name}"] = tuple(value.texts())
    return typed
