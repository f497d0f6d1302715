"""The lint: what keeps a set of definitions from being deployed, and what is worth a second look.

Every fault the engine would pass over in silence is refused with the element and a sentence that names the remedy."""

from engine.definitions.lint.linting import lint_files, lint_paths
from engine.definitions.lint.project import REGISTERED, Registry
from engine.definitions.lint.registry import RULES, Rule

__all__ = ["REGISTERED", "RULES", "Registry", "Rule", "lint_files", "lint_paths"]
