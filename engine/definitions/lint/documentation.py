"""The page that lists all rules, written from the rules themselves."""

from engine.definitions.lint.registry import RULES, Rule

THEMES = {
    "reading": "Files",
    "sizes": "Size",
    "structure": "Ids, references and shape",
    "starts": "Messages, signals and timers that begin cases",
    "elements": "Elements that are not run as drawn",
    "attributes": "Attributes and parameters",
    "events": "Events",
    "reactions": "Event sub-processes, conditions and links",
    "timers": "Timers and dates",
    "gateways": "Gateways",
    "activities": "Tasks",
    "calls": "Call activities",
    "loops": "Multi-instance",
    "parallel": "Parallel branches",
    "texts": "Expressions and scripts",
    "dataflow": "Data flow",
    "tables": "Decision tables",
    "policy": "Policy",
    "names": "Names",
}
PREFACE = """\
# Lint rules

Written by `engine/definitions/lint/documentation.py` from the rules themselves; do not edit.

Run it with `./run lint FILE... [--json]`, or without the topics of the services with
`python -m engine.definitions.lint FILE... [--json]`; a folder stands for all definitions in it.
An error keeps a file from being deployed, a warning does not. Every finding names the file, the element and the remedy.
Mn are the modelling rules of the processes.

Conventions the rules rely on:

- `baton:startVariables="publisher order_id note?"` on a process lists what its starter hands in: the `camunda:in` of a
  call, or the values of the command that starts it. A `?` marks an optional variable. What is not listed is unknown.
  A start event with a message, a signal or a timer hands in what its output parameters map, and nothing else.
- `camunda:candidateStarterGroups` on a process says who may start it in the browser; its start event's
  `camunda:formKey` says what is asked then, its `camunda:initiator` which variable names who starts.
- A service task sees its input parameters only, and nothing comes out of it but its output parameters.
- What is written inside a sub-process is known behind its end, not behind its boundary events; out of a
  multi-instance comes only `baton:outputCollection`.
"""


def write_documentation() -> str:
    """The Markdown of docs/lint-rules.md."""
    sections = [PREFACE]
    for theme, title in THEMES.items():
        rows = [_write_row(rule) for rule in RULES.values() if rule.theme == theme]
        head = "| rule | severity | why | sentence |\n|---|---|---|---|\n"
        sections.append(f"## {title}\n\n{head}" + "\n".join(rows) + "\n")
    return "\n".join(sections)


def _write_row(rule: Rule) -> str:
    sentence = f"{rule.en}<br>{rule.zh}".replace("{{", "{").replace("}}", "}").replace("|", "\\|")
    return f"| `{rule.id}` | {rule.severity} | {rule.reason} | {sentence} |"
