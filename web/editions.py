"""Templates, in an edition for each language.

Words, icons and addresses that a template names outright are the same on every page of a language: an edition has them
as its own text, where a call for each would be most of the cost of a page. What depends on anything else is called.
"""

import operator
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import markupsafe
from flask.sansio.app import App
from flask.templating import Environment
from jinja2 import Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import markup_join
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from web.texts import Language, current_language

Known = Mapping[str, Callable[..., object]]
SETTLED = ("t",)
"""What is known in full: of these an edition knows every answer, those of calls it cannot settle as well."""


class _Direct(CodeGenerator):
    """Jinja's code, with fewer calls of Python functions: for pages that are wanted whole."""

    def enter_frame(self, frame: Frame) -> None:
        """A page and each block gather what they show: yielded piece by piece, it passes through all around them."""
        super().enter_frame(frame)
        if frame.parent is None:
            self.buffer(frame)

    def leave_frame(self, frame: Frame, with_python_scope: bool = False) -> None:
        """What a page or a block has gathered is one piece."""
        super().leave_frame(frame, with_python_scope)
        if frame.parent is None:
            self.writeline(f"yield concat({frame.buffer})")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:  # noqa: N802
        """A call, as it stands there. Jinja asks first whether context is wanted; nothing of ours wants any."""
        self.write("environment.call(")
        self.visit(node.node, frame)
        self.signature(node, frame, {"caller": "caller"} if forward_caller else None)
        self.write(")")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802
        """An attribute; Jinja's way is for what has none of this name, as entries of maps."""
        self.write("(put if (put := getattr((of := ")
        self.visit(node.node, frame)
        self.write(f"), {node.attr!r}, missing)) is not missing else environment.getattr(of, {node.attr!r}))")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if _is_escaped(frame, finalize):
            self.write("(put if type(put := ")
        else:
            super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        """What is HTML already goes into the page as it is, and text escaped by one call; Jinja makes HTML of both."""
        if _is_escaped(frame, finalize):
            self.write(") is Markup else environment.escape_text(put) if type(put) is str else escape(put))")
        else:
            super()._output_child_post(node, frame, finalize)


def _is_escaped(frame: Frame, finalize: Any) -> bool:
    return bool(frame.eval_ctx.autoescape) and not frame.eval_ctx.volatile and finalize.src is None


class Pages(Environment):
    """Gives each template in the edition of the present request's language.

    `know` says which functions always give the same answer in a language; templates find them under the same names.
    """

    code_generator_class = _Direct
    call = operator.call
    escape_text = markupsafe._escape_inner  # type: ignore[attr-defined]  # the function in C behind `escape`
    language: Language | None = None
    _known: Known = {}
    _read: dict[str | Template, Template]

    def __init__(self, app: App, **options: Any) -> None:
        super().__init__(app, **options)
        self.know: Callable[[Language], Known] = lambda _language: {}
        self._editions: dict[Language, Pages] = {}

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002  # Jinja names it so
    ) -> Template:
        """A template by name. Raises TemplateNotFound. An edition keeps what it has read: pages import a dozen each."""
        if self.language is not None:
            found = self._read.get(name)
            if found is None:
                found = self._read[name] = super().get_template(name, parent, globals)
            return found
        language = current_language()
        edition = self._editions.get(language)
        if edition is None:
            edition = self._editions[language] = self.overlay()
            edition.language, edition._known, edition._read = language, self.know(language), {}
            edition.globals = self.globals | {name: edition._known[name] for name in SETTLED if name in edition._known}
        return edition.get_template(name, parent, globals)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What every template knows; no template has names of its own, and a chain of maps is slow to copy."""
        return super().make_globals(d) if d else self.globals

    def _generate(self, source: nodes.Template, name: Any, filename: Any, defer_init: bool = False) -> str:
        """Jinja's hook between reading a template and turning it into code."""
        return super()._generate(_Settle(self._known).visit(source), name, filename, defer_init)


class _Settle(NodeTransformer):
    """Puts the answer in the place of each call that always has the same one."""

    def __init__(self, known: Known) -> None:
        self.known = known

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802  # Jinja looks for it by the name of the node
        """A call, with arguments that are known, of a function that is."""
        self.generic_visit(node)
        known = self.known.get(node.node.name) if isinstance(node.node, nodes.Name) else None
        if known is None or node.dyn_args or node.dyn_kwargs:
            return node
        try:
            arguments = [argument.as_const() for argument in node.args]
            answer = known(*arguments, **{pair.key: pair.value.as_const() for pair in node.kwargs})
        except (nodes.Impossible, LookupError, ValueError):  # to be called, and if it is wrong, to be told of there
            return node
        return nodes.Const(answer, lineno=node.lineno, environment=node.environment)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        """Jinja joins constants as plain text and forgets that one was HTML."""
        self.generic_visit(node)
        values = [part.value for part in node.nodes if isinstance(part, nodes.Const)]
        if len(values) < len(node.nodes) or not any(isinstance(value, Markup) for value in values):
            return node
        return nodes.Const(markup_join(values), lineno=node.lineno, environment=node.environment)
