"""What a file that is no BPMN is instead, and what to do about it, in both languages."""

from engine.language.errors import BpmnUnreadable

# What the error says is wrong, or what the file turns out to be -> (English, Chinese).
_TEXTS: dict[str, tuple[str, str]] = {
    "too_large": (
        "Expected at most {most} bytes, but the file has {size}: split it into called processes",
        "文件最多 {most} 字节，现在 {size}：请拆分为被调用的流程",
    ),
    "too_many": (
        "Expected at most {most} BPMN elements, but there are {size}: split the file into called processes",
        "文件最多 {most} 个 BPMN 元素，现在 {size} 个：请拆分为被调用的流程",
    ),
    "doctype": (
        "Expected a file without DOCTYPE and entities, but it has one: delete the line that begins with <!DOCTYPE",
        "文件不能有 DOCTYPE 和实体声明，但有一个：请删除以 <!DOCTYPE 开头的那一行",
    ),
    "not_xml": (
        "Expected well-formed XML, but {detail}: mend that line, or save the file anew from the modeler",
        "文件不是完好的 XML（{detail}）：请改正该行，或用建模器重新保存",
    ),
    "not_bpmn": (
        "Expected a BPMN 2.0 diagram, but the root is {root}: export the file as BPMN 2.0 XML",
        "应为 BPMN 2.0 流程图，但根元素是 {root}：请导出为 BPMN 2.0 XML",
    ),
    "empty": (
        "Expected a diagram, but the file is empty: choose it again, perhaps the download broke off",
        "文件是空的：请重新选择，可能下载中断了",
    ),
    "zip": (
        "Expected a diagram, but this is a ZIP archive: unpack it and choose the .bpmn file inside",
        "这是 ZIP 压缩包：请解压后选择其中的 .bpmn 文件",
    ),
    "json": (
        "Expected a diagram, but this is JSON: a form belongs into a .form file",
        "这是 JSON：表单应存为 .form 文件",
    ),
    "html": (
        "Expected a diagram, but this is a web page, perhaps a sign-in page: download the file again",
        "这是网页（可能是登录页）：请重新下载文件",
    ),
    "dmn": (
        "Expected a diagram, but this is a decision table: rename the file so that it ends with .dmn",
        "这是决策表：请把文件改名为 .dmn",
    ),
    "cmmn": (
        "Expected a process, but this is a case model (CMMN): draw it as a BPMN process",
        "这是案例模型（CMMN）：请画成 BPMN 流程",
    ),
}
_BEGINNINGS = ((b"PK\x03\x04", "zip"), (b"{", "json"), (b"[", "json"), (b"<!doctype html", "html"), (b"<html", "html"))
_ROOTS = (("/spec/DMN/", "dmn"), ("/spec/CMMN/", "cmmn"), ("www.w3.org/1999/xhtml", "html"))
_SHOWN = 200


def explain_unreadable(content: bytes, error: BpmnUnreadable) -> tuple[str, str]:
    """What is wrong and what is to be done: English and Chinese."""
    facts = {name: str(value)[:_SHOWN] for name, value in error.facts.items()}
    en, zh = _TEXTS[_recognise(content, error, facts)]
    return en.format(**facts), zh.format(**facts)


def _recognise(content: bytes, error: BpmnUnreadable, facts: dict[str, str]) -> str:
    if error.problem == "not_bpmn":
        return next((kind for part, kind in _ROOTS if part in facts["root"]), error.problem)
    if error.problem not in ("not_xml", "doctype"):
        return error.problem
    beginning = content.removeprefix(b"\xef\xbb\xbf")[:1_000].strip().lower()
    if not beginning:
        return "empty"
    return next((kind for start, kind in _BEGINNINGS if beginning.startswith(start.lower())), error.problem)
