"""What is wrong with decisions as a whole: rules that match together, values without a rule, one key in two files."""

from collections.abc import Iterator

from engine.definitions.findings import Finding
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import declare
from engine.language.decisions import DecisionLogic, DecisionTable, analysis

THEME = "tables"
OVERLAP = declare(
    "decision-overlap",
    "error",
    en="Expected one rule to match at most, but rules {first} and {second} both match {example}: narrow one of them, "
    "or choose another hit policy.",
    zh="最多只应有一条规则命中，但规则 {first} 和规则 {second} 都符合 {example}：请收窄其中一条，或改用其他命中策略。",
    reason="Under UNIQUE two rules that match together give no answer: the case would stop.",
    theme=THEME,
)
CONFLICT = declare(
    "decision-conflict",
    "error",
    en="Expected equal results of rules that match together, but rules {first} and {second} both match {example} and "
    "differ: narrow one of them, or choose another hit policy.",
    zh="同时命中的规则结果应相同，但规则 {first} 和规则 {second} 都符合 {example} 而结果不同："
    "请收窄其中一条，或改用其他命中策略。",
    reason="Under ANY rules with different results that match together give no answer: the case would stop.",
    theme=THEME,
)
INCOMPLETE = declare(
    "decision-incomplete",
    "error",
    en="Expected a rule for all that the inputs allow, but none matches {example}: add a rule, or default results.",
    zh="允许的每种情况都应有规则，但没有规则符合 {example}：请添加规则，或给出默认结果。",
    reason="Where every input that matters is yes or no or lists its allowed values, the table says itself what will "
    "come; without a rule for it (UNIQUE, FIRST, ANY, PRIORITY) the result would silently be nothing.",
    theme=THEME,
)
GAP = declare(
    "decision-gap",
    "warning",
    en="Expected a rule for every value, but none matches {example}: add a rule, default results, or the allowed "
    "values of the inputs.",
    zh="每个值都应有规则，但没有规则符合 {example}：请添加规则、给出默认结果，或列出条件允许的值。",
    reason="Without a rule that matches (UNIQUE, FIRST, ANY, PRIORITY) the result is nothing (null). Such values may "
    "never come, so it is no error. Nothing (null) as an input counts where a cell of its column asks for it.",
    theme=THEME,
)
SHADOWED = declare(
    "decision-shadowed",
    "warning",
    en="Expected rule {first} to decide something, but the rules before it take all that it matches: move it or "
    "remove it.",
    zh="规则 {first} 应起作用，但它前面的规则已覆盖它的全部情况：请移动或删除它。",
    reason="Under FIRST a rule behind others that match the same never counts.",
    theme=THEME,
)
NEVER = declare(
    "decision-never",
    "warning",
    en="Expected a value that passes the test {element} of rule {first}, but there is none: correct it.",
    zh="规则 {first} 的条件 {element} 应有符合的值，但没有：请改正。",
    reason="A rule never counts that asks for an interval with its ends swapped, or a value the input does not allow.",
    theme=THEME,
)
UNDECIDED = declare(
    "decision-undecided",
    "warning",
    en="Expected tests whose values can be told, but {element} depends on an expression, so whether rules match "
    "together or leave values out is not decided here: test that part by an input of its own.",
    zh="条件的取值应可判断，但 {element} 取决于表达式，因此无法在此判断规则是否重叠或遗漏："
    "请把这部分作为单独的条件列。",
    reason="Cells with `?` or variables, and inputs that are computed from one another, show their values only when "
    "the table is decided. Rules that match together are an error then. Told only where the answer depends on it.",
    theme=THEME,
)
TOO_LARGE = declare(
    "decision-too-large",
    "warning",
    en="Expected a table that can be looked through, but {element} is too large, so whether rules match together or "
    "leave values out is not decided here: split it into several decisions.",
    zh="决策表应能逐项检查，但 {element} 太大，因此无法在此判断规则是否重叠或遗漏：请拆成几个决策。",
    reason="The search for overlaps and gaps ends after 100,000 steps.",
    theme=THEME,
)
DUPLICATE = declare(
    "decision-key-duplicate",
    "error",
    en="Expected the decision {element} in one file, but it is also in {other}: rename or remove one.",
    zh="决策 {element} 应只在一个文件中，但 {other} 中也有：请改名或删除其中一个。",
    reason="A process names a decision by its id alone.",
    theme=THEME,
)
COPIED = declare(
    "decision-copied",
    "warning",
    en="Expected all that require {element} to change with it, but {other} goes on with the {element} of its own file: "
    "deploy the two as one file, or give this decision an id of its own.",
    zh="依赖 {element} 的决策应一起改变，但 {other} 仍使用自己文件中的 {element}："
    "请放在同一文件中部署，或给它另一个 id。",
    reason="A decision that requires another reads it from its own file, in the version it was deployed with.",
    theme=THEME,
)
_RULES = {
    analysis.OVERLAP: OVERLAP,
    analysis.CONFLICT: CONFLICT,
    analysis.INCOMPLETE: INCOMPLETE,
    analysis.GAP: GAP,
    analysis.SHADOWED: SHADOWED,
    analysis.NEVER: NEVER,
    analysis.UNDECIDED: UNDECIDED,
    analysis.TOO_LARGE: TOO_LARGE,
}


def check_decision(path: str, logic: DecisionLogic, project: Project) -> Iterator[Finding]:
    """What is wrong with one decision of a file under examination."""
    if isinstance(logic, DecisionTable):
        for remark in analysis.analyse(logic):
            first, second = (*remark.rules, "", "")[:2]
            facts = {"first": first, "second": second, "example": remark.example}
            yield _RULES[remark.code].find_at(path, remark.element or logic.key, **facts)
    for other, decisions in project.decision_files.items():
        same = [one for one in decisions if one.key == logic.key]
        if other == path or not same:
            continue
        if other in project.examined:
            yield DUPLICATE.find_at(path, logic.key, other=other)
            continue
        for one in decisions:
            is_current = project.decisions.get(one.key) is one
            if is_current and _requires(one, logic.key) and same[0] != logic:
                yield COPIED.find_at(path, logic.key, other=one.key)


def _requires(logic: DecisionLogic, key: str) -> bool:
    return any(one.key == key or _requires(one, key) for one in logic.required)
