"""Parts of a YAML file that know where they stand, so that whatever is wrong is said with file, line and path."""

from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from itertools import accumulate

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLStreamError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from engine.language.errors import EngineError
from engine.language.suggest import suggest
from engine.storage.plain import Plain, PlainDict

_TAG = "tag:yaml.org,2002:"
_FEN = Decimal(100)
MAX_VALUES, MAX_DEPTH = 20_000, 100


class ScenarioInvalid(EngineError):
    """A scenario cannot be read: in which file and line, at which path, and why."""

    def __init__(self, file: str, line: int, path: str, message: str) -> None:
        super().__init__(f"{file}:{line}: {path}: {message}" if path else f"{file}:{line}: {message}", line=line)
        self.file, self.line, self.path = file, line, path


def read_yaml(file: str, text: str) -> "Part":
    """The whole of a file. Raises ScenarioInvalid for what is no YAML 1.2, empty, or beyond all measure."""
    too_deep = ScenarioInvalid(file, 1, "", "Expected a file for people to read, but it is nested too deep")
    if _count_open(text) > MAX_DEPTH:  # the scanner takes time that grows with the square of the brackets left open
        raise too_deep
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioInvalid(file, line, "", f"Expected YAML, but {error.problem}") from None
    except (YAMLError, YAMLStreamError) as error:
        raise ScenarioInvalid(file, 1, "", f"Expected YAML, but {error}") from None
    except RecursionError:
        raise too_deep from None
    if node is None:
        raise ScenarioInvalid(file, 1, "", "Expected a scenario, but the file is empty")
    if _is_endless(node):
        raise ScenarioInvalid(file, 1, "", f"Expected at most {MAX_VALUES} values, but there are more")
    return Part(node, file, "")


def _count_open(text: str) -> int:
    """The most brackets that are open at a time."""
    return max(accumulate(1 if one in "[{" else -1 for one in text if one in "[]{}"), default=0)


def _is_endless(node: Node) -> bool:
    """Whether there are too many values, each counted as often as it is named: aliases multiply, or go round."""
    count, stack = 0, [node]
    while stack and count <= MAX_VALUES:
        count += 1
        one = stack.pop()
        if isinstance(one, MappingNode):
            stack += [part for pair in one.value for part in pair]
        elif isinstance(one, SequenceNode):
            stack += one.value
    return count > MAX_VALUES


class Part:
    """A value of the file. Each way to read it says what was expected when it is something else."""

    def __init__(self, node: Node, file: str, path: str) -> None:
        self.node, self.file, self.path = node, file, path
        self.line: int = node.start_mark.line + 1

    def error(self, message: str) -> ScenarioInvalid:
        """What is wrong with this part, to be raised."""
        return ScenarioInvalid(self.file, self.line, self.path, message)

    # --- shapes -----------------------------------------------------------------------------------------------------
    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, SequenceNode)

    def entries(self) -> "dict[str, Part]":
        """A mapping whose keys are free, in its order."""
        if not isinstance(self.node, MappingNode):
            raise self.error("Expected names with values, but this is something else")
        found: dict[str, Part] = {}
        for key, value in self.node.value:
            name = Part(key, self.file, self.path).text()
            part = Part(value, self.file, f"{self.path}.{name}" if self.path else name)
            if name in found:
                raise part.error("Expected every name once, but it is there again")
            found[name] = part
        return found

    def fields(self, *required: str, optional: Collection[str] = ()) -> "dict[str, Part]":
        """A mapping with these keys, and no others."""
        found, known = self.entries(), {*required, *optional}
        for name, part in found.items():
            if name not in known:
                raise part.error(f"Expected one of {', '.join(sorted(known))}{suggest(name, known)}")
        for name in required:
            if name not in found:
                raise self.error(f"Expected {name}, but it is missing")
        return found

    def items(self) -> "list[Part]":
        """A list; one value alone counts as a list of it."""
        if not isinstance(self.node, SequenceNode):
            return [self]
        return [Part(node, self.file, f"{self.path}[{number}]") for number, node in enumerate(self.node.value, 1)]

    # --- values -----------------------------------------------------------------------------------------------------
    def text(self) -> str:
        """A scalar exactly as it is written, whatever it looks like."""
        if not isinstance(self.node, ScalarNode):
            raise self.error("Expected a text, but this is something else")
        return str(self.node.value)

    def texts(self) -> list[str]:
        """A list of texts, or one."""
        return [item.text() for item in self.items()]

    def whole(self) -> int:
        """A whole number that is not negative."""
        text = self.text()
        if not text.isdecimal():
            raise self.error(f"Expected a whole number, but got {text!r}")
        return int(text)

    def flag(self) -> bool:
        """true or false."""
        text = self.text()
        if text not in ("true", "false"):
            raise self.error(f"Expected true or false, but got {text!r}")
        return text == "true"

    def fen(self) -> int:
        """An amount of money in yuan as pages show it, with at most two decimals; in fen."""
        text = self.text()
        try:
            amount = Decimal(text) * _FEN
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount != amount.to_integral_value():
            raise self.error(f"Expected an amount in yuan such as 299.97, but got {text!r}")
        return int(amount)

    def plain(self) -> Plain:
        """Any value, as YAML 1.2 means it; an instant is a text."""
        if self.is_mapping:
            return self.plain_dict()
        if self.is_list:
            return [item.plain() for item in self.items()]
        kind, text = str(self.node.tag).removeprefix(_TAG), self.text()
        if kind == "int":
            return int(text, 0)
        if kind == "float":
            return float(text)
        if kind == "bool":
            return text.lower() == "true"
        return None if kind == "null" else text

    def plain_dict(self) -> PlainDict:
        """A mapping of any values."""
        return {name: part.plain() for name, part in self.entries().items()}
