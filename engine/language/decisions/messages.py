"""What is wrong with a decision, when it is read and when it is decided, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Language = Literal["zh", "en"]

# code -> (Chinese, English)
MESSAGES: dict[str, tuple[str, str]] = {
    # where
    "at": ("{place}：{problem}", "{place}: {problem}"),
    "input": ("条件“{label}”", "input '{label}'"),
    "output": ("结果“{label}”", "output '{label}'"),
    "expression": ("表达式", "expression"),
    "rule": ("规则 {number}", "rule {number} ({id})"),
    "rule_input": ("规则 {number} 的条件“{label}”", "rule {number} ({id}), input '{label}'"),
    "rule_output": ("规则 {number} 的结果“{label}”", "rule {number} ({id}), output '{label}'"),
    "and": ("{first}与{second}", "{first} and {second}"),
    "in_decision": ("{key}：{problem}", "{key}, {problem}"),
    # files
    "foreign_part": (
        "应为决策表或表达式，但有 <{part}>，不支持",
        "Expected a decision table or an expression, but <{part}> is not part of the language",
    ),
    "no_decision": ("应有决策表，但文件中没有", "Expected a decision, but the file holds none"),
    "id_repeated": (
        "每个决策表的 id 应唯一，但 {key} 有 {count} 个",
        "Expected one decision with the id {key!r}, but there are {count}",
    ),
    "too_large": ("最多 {most} 字节，现在 {size}", "Expected at most {most} bytes, but the file has {size}"),
    "not_xml": ("应为 XML，但无法读取：{problem}", "Expected XML, but {problem}"),
    "doctype": ("应为普通 XML，但有 DOCTYPE", "Expected plain XML, but the file has a DOCTYPE"),
    "not_dmn": ("应为 DMN 1.3 文件，但根元素是 {root}", "Expected a DMN 1.3 file, but its root is {root}"),
    "too_many_decisions": (
        "最多 {most} 个决策，现在 {count} 个",
        "Expected at most {most} decisions, but there are {count}",
    ),
    # requirements
    "required_unknown": (
        "所依赖的 {href} 应在同一文件中，但没有",
        "Expected what it requires in the same file, but {href!r} is not there",
    ),
    "required_in_circle": (
        "决策不能依赖自己，但有环：{path}",
        "Expected decisions that do not require themselves, but they do: {path}",
    ),
    "required_unnamed": (
        "{key} 的结果要被引用，应有变量名，但为“{name}”",
        "Expected a variable name for the result of {key!r}, which is required, but got {name!r}",
    ),
    "required_same_name": (
        "所依赖的决策应有不同的变量名，但 {name} 重复",
        "Expected different variables for what it requires, but {name!r} is there twice",
    ),
    # tables
    "no_logic": (
        "{key} 应有决策表或表达式，但都没有",
        "Expected a decision table or an expression in {key!r}, but it holds neither",
    ),
    "type_unknown": (
        "类型应为 {known} 之一，但为 {type}",
        "Expected one of {known} as type, but got {type!r}",
    ),
    "default_missing": (
        "应给每个结果列一个默认值，或都不给：没有值时写 null",
        "Expected a default for every output or for none: write null for no value",
    ),
    "default_counted": (
        "没有规则命中时 COUNT 为 0，不应有默认值",
        "Expected no default, because COUNT of no rule is 0",
    ),
    "too_many_cells": ("最多 {most} 个单元格，现在更多", "Expected at most {most} cells, but there are more"),
    "hit_policy": (
        "命中策略应为 {known} 之一，但为 {policy}",
        "Expected one of {known} as hit policy, but got {policy!r}",
    ),
    "aggregation": (
        "只有 COLLECT 可以配 SUM、MIN、MAX、COUNT，但为 {policy} {aggregation}",
        "Expected COLLECT with SUM, MIN, MAX or COUNT, but got {policy} {aggregation!r}",
    ),
    "own_variable": (
        "条件的值应写作 ?，但它另有变量名",
        "Expected '?' for the input, but it has a variable of its own",
    ),
    "output_name": ("结果应有变量名，但为“{name}”", "Expected a name for the result, but got {name!r}"),
    "not_python": (
        "应为 Python 表达式，但语言是 {language}",
        "Expected a Python expression, but its language is {language!r}",
    ),
    "cells_missing": (
        "应有 {wants} 个条件与结果单元格，但有 {has}",
        "Expected {wants} cells for inputs and outputs, but got {has}",
    ),
    "no_output": ("应至少有一个结果列，但没有", "Expected an output column, but there is none"),
    "output_repeated": (
        "结果的变量名应各不相同，但有重复",
        "Expected a name of its own for each output, but two are the same",
    ),
    "one_output": (
        "{aggregation} 只能用于一个结果列，但有 {count} 个",
        "Expected one output to take the {aggregation} of, but there are {count}",
    ),
    "no_order": (
        "{policy} 按结果值的先后排列，应有一个列出可用值的结果列，但没有",
        "Expected an output with a list of values, which gives the order for {policy}, but there is none",
    ),
    "not_allowed": ("应为列出的值之一，但为 {text}", "Expected one of its values, but got {text}"),
    "not_of_kind": ("应为 {kind}，但为 {text}", "Expected {kind}, but got {text}"),
    # cells
    "cell_empty": (
        "应有值，但单元格是空的：没有值时写 null",
        "Expected a value, but the cell is empty: write null for none",
    ),
    "equals_sign": (
        "应为条件，但 {part} 以 = 开头：去掉它",
        "Expected a test, but {part!r} starts with '=': leave it out",
    ),
    "no_question": (
        "应为用 ? 表示条件值的判断，但为 {part}",
        "Expected a test with '?' for the input, but got {part!r}",
    ),
    "no_truth": (
        "应为真假判断，但 {part} 得到 {kind}",
        "Expected a test that is true or false, but {part!r} is {kind}",
    ),
    "no_order_among": ("{kind} 没有大小之分", "Expected values with an order, but {kind} has none"),
    "kinds": ("类型应相同，但一为 {first}，一为 {second}", "Expected values of one type, but got {first} and {second}"),
    "arithmetic": ("{first} 与 {second} 不能这样计算", "Expected a sum that makes sense, but got {first} and {second}"),
    "not_constant": (
        "应列出固定的值，但 {text} 要计算才知道",
        "Expected values that are known, but {text!r} is computed",
    ),
    "interval": ("区间应有两端，但为 {part}", "Expected two ends of an interval, but got {part!r}"),
    "no_operand": ("{operator} 后应有值，但为 {text}", "Expected a value after {operator!r}, but got {text!r}"),
    "python": ("表达式无法使用：{problem}", "{problem}"),
    "foreign_call": (
        "{name}(...) 不支持",
        "Expected a function of our language, but {name}(...) is not part of it",
    ),
    "not_a_date": (
        "应为 ISO 日期、时间或时长，但无法读取：{problem}",
        "Expected an ISO date, time or duration, but {problem}",
    ),
    "not_a_literal": ("应为文本或数字，但为 {text}", "Expected a text or a number, but got {text!r}"),
    "comment": ("不应有注释或 ...，但为 {text}", "Expected no comment and no '...', but got {text!r}"),
    "empty_part": ("逗号之间应有值，但为 {text}", "Expected a value between the commas, but got {text!r}"),
    "too_deep": ("应为更简单的 Python，但 {problem}", "Expected simpler Python, but {problem}"),
    "several_lines": ("应为一行，但单元格中的文本换行了", "Expected one line, but a text in the cell spans lines"),
    # deciding
    "failed": ("无法计算：{problem}", "{problem}"),
    "several_match": ("只应有一条规则命中，但{rules}都命中", "Expected one rule to match, but {rules} do"),
    "results_differ": ("命中的规则结果应相同，但{rules}不同", "Expected equal outputs, but {rules} differ"),
    "not_a_number": ("应为数字，但为 {text}", "Expected a number, but got {text}"),
    "one_result": ("应只有一个结果，但规则 {rules} 都命中", "Expected one result, but the rules {rules} match"),
    "one_entry": ("应只有一个结果列，但有 {names}", "Expected one output, but there are {names}"),
    "result_form": (
        "应为 singleEntry、singleResult、collectEntries 或 resultList，但为 {form}",
        "Expected singleEntry, singleResult, collectEntries or resultList, but got {form!r}",
    ),
}


@dataclass(frozen=True)
class Message:
    """A sentence of `MESSAGES` with its facts; a fact may be a message itself."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def of(self, language: Language) -> str:
        """The sentence in one language."""
        named = {key: fact.of(language) if isinstance(fact, Message) else fact for key, fact in self.facts.items()}
        chinese, english = MESSAGES[self.code]
        return (chinese if language == "zh" else english).format(**named)

    def at(self, place: "Message") -> "Message":
        """The same sentence with the place it is about."""
        return Message("at", {"place": place, "problem": self})


def message(code: str, **facts: object) -> Message:
    """A message by its code."""
    return Message(code, facts)
