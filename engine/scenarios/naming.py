"""Names in a scenario: people, elements and commands, each looked up where it is read."""

from collections.abc import Mapping, Sequence

from engine.definitions.forms import Form
from engine.language.model import Element, find_plain_start
from engine.language.suggest import suggest
from engine.scenarios.commands import COMMANDS
from engine.scenarios.definitions import Definitions, Name
from engine.scenarios.model import Place, Role
from engine.scenarios.parts import Part
from engine.services.identity.people import ORGANISATION


class Reader:
    """Looks names up for one scenario. Whatever is not there raises ScenarioInvalid."""

    def __init__(
        self,
        definitions: Definitions,
        process: str,
        roles: Mapping[str, Role],
        forms: Mapping[str, Part],
        beside: Sequence[str] = (),
    ) -> None:
        self.definitions, self.process, self.roles, self.forms = definitions, process, roles, forms
        self.beside = beside

    def place(self, part: Part) -> Place:
        """Where a part is written."""
        return Place(part.file, part.line, part.path)

    def party(self, part: Part) -> str:
        """The name of somebody who takes part, persons and organisations."""
        name = part.text()
        if name not in self.roles:
            raise part.error(f"Expected one of the people, but got {name!r}{suggest(name, self.roles)}")
        return name

    def actor(self, part: Part) -> str:
        """The name of somebody who can act."""
        name = self.party(part)
        if self.roles[name].kind == ORGANISATION:
            raise part.error(f"Expected a person, but {name} is an organisation")
        return name

    def element(self, part: Part, *kinds: str) -> Name:
        """An element of the process or one it calls, of one of these kinds."""
        return self.name(part, part.text(), *kinds)

    def name(self, part: Part, text: str, *kinds: str) -> Name:
        """As `element`, for a name that is the key of a part."""
        try:
            name = self.definitions.find(self.process, text, self.beside)
        except LookupError as error:
            raise part.error(str(error)) from None
        kind = self.definitions.elements[name].kind
        if kinds and kind not in kinds:
            raise part.error(f"Expected a {' or '.join(kinds)}, but {text} is a {kind}")
        return name

    def form_of(self, element: Element) -> Form | None:
        """The form of a user task or start event."""
        return self.definitions.form(element.form_key) if element.form_key else None

    def start_event(self, part: Part) -> Element:
        """The start event of the process that waits for nothing."""
        elements = {name: one for (key, name), one in self.definitions.elements.items() if key == self.process}
        start = find_plain_start(elements, self.process)
        if start is None:
            raise part.error(f"Expected {self.process} to have a start event that waits for nothing, but it has none")
        return start

    def like(self, part: Part) -> Part:
        """A form that several scenarios fill in alike, of the file `forms.yaml` beside them."""
        name = part.text()
        if name not in self.forms:
            raise part.error(f"Expected a form of forms.yaml, but got {name!r}{suggest(name, self.forms)}")
        return self.forms[name]

    def command(self, part: Part) -> str:
        """The name of a command."""
        name = part.text()
        if name not in COMMANDS:
            known = ", ".join(sorted(COMMANDS))
            raise part.error(f"Expected one of {known}, but got {name!r}{suggest(name, COMMANDS)}")
        return name
