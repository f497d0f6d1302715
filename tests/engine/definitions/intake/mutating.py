"""Breaks files: a few changes to the structure of a diagram, table or form, sometimes to its bytes."""

import copy
import json
from random import Random
from typing import Any

from lxml import etree

LONG = "x" * 5_000
TEXTS = [
    *("", " ", "0", "-1", "true", "false", "null", "none", "Start", "End", "a.b", "a b", "任务", "‮ab", "e\u0301", "😀"),
    *("${", "${x}", "${x > 1}", "${}", "#{bean.call()}", "=x + 1", "= if a then b else c", "x", "ask", "'", '"', "]]>"),
    *("R0/P", "R/PT0S", "R3/PT1H", "-P1D", "P1Y2M", "WT:P2D", "2026-02-30", "999999999999999999999", "1e999", "NaN"),
    *("../../etc/passwd", "{detail}", "{0}", "%s", "__import__('os')", "(" * 200, "a\nb\tc", "\u2028", LONG),
]
NAMES = ["id", "name", "default", "isExecutable", "sourceRef", "targetRef", "attachedToRef", "x", "{urn:other}x"]
TAGS = ["task", "process", "subProcess", "sequenceFlow", "definitions", "endEvent", "x", "decisionTable", "rule"]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 10**30, "", "x", LONG, [], {}, [[]], {"": {}}, [None], {"type": "default"}),
    *("${x}", "\x00", "\ud800", "default", "textfield", "dynamiclist", "csrf_token", "now", "class"),
]
DEPTH = 300


def mutate_xml(content: bytes, chance: Random) -> bytes:
    """One to four changes to the elements and attributes, then perhaps one to the bytes."""
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False))
    for _ in range(chance.randint(1, 4)):
        _mutate_tree(root, chance)
    changed = etree.tostring(root)
    return mutate_bytes(changed, chance) if chance.random() < 0.15 else changed


def _mutate_tree(root: etree._Element, chance: Random) -> None:
    parts = [part for part in root.iter() if isinstance(part.tag, str)]
    part, other = chance.choice(parts), chance.choice(parts)
    names = [str(name) for name in part.attrib]
    ids = [str(one.get("id")) for one in parts if one.get("id")]
    match chance.randrange(12):
        case 0:
            _cut(part)
        case 1:
            other.append(copy.deepcopy(part))
        case 2 if other not in [part, *part.iterdescendants()]:
            _cut(part)
            other.append(part)
        case 3:
            part[:] = list(reversed(part))
        case 4 if names:
            del part.attrib[chance.choice(names)]
        case 5:
            part.set(chance.choice([*names, *NAMES]), _some_text(ids, chance))
        case 6:
            part.text = _some_text(ids, chance)
        case 7:
            part.tag = other.tag
        case 8:
            namespace = etree.QName(part).namespace or "urn:none"
            part.tag = f"{{{chance.choice([namespace, 'urn:unknown'])}}}{chance.choice(TAGS)}"
        case 9:
            _wrap(part, chance.choice([2, 60, DEPTH]))
        case 10:
            other.insert(0, etree.Comment("a comment"))
            other.append(etree.ProcessingInstruction("target", "text"))
        case 11 if ids:
            part.set("id", chance.choice(ids))


def _some_text(ids: list[str], chance: Random) -> str:
    return chance.choice(ids if ids and chance.random() < 0.4 else TEXTS)


def _cut(part: etree._Element) -> None:
    holder = part.getparent()
    if holder is not None:
        holder.remove(part)


def _wrap(part: etree._Element, depth: int) -> None:
    """So many copies of the element without its children inside each other, and the element itself in the innermost."""
    holder = part.getparent()
    if holder is None:
        return
    outer = inner = etree.Element(part.tag)
    for level in range(depth):
        for name, value in part.attrib.items():
            inner.set(name, value)
        inner.set("id", f"wrapped_{level}")
        inner = etree.SubElement(inner, part.tag)
    holder.replace(part, outer)
    inner.append(part)


def mutate_json(content: bytes, chance: Random) -> bytes:
    """One to four changes to the values, then perhaps one to the bytes."""
    whole = [json.loads(content)]
    for _ in range(chance.randint(1, 4)):
        _mutate_value(whole, chance)
    changed = json.dumps(whole[0], ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")
    return mutate_bytes(changed, chance) if chance.random() < 0.15 else changed


def _mutate_value(whole: list[Any], chance: Random) -> None:
    places = [(whole, 0), *_walk(whole[0])]
    holder, key = chance.choice(places)
    other, other_key = chance.choice(places)
    match chance.randrange(8):
        case 0 if holder is not whole:
            del holder[key]
        case 1 | 2:
            holder[key] = copy.deepcopy(chance.choice(VALUES))
        case 3:
            holder[key] = copy.deepcopy(other[other_key])
        case 4 if isinstance(holder[key], list):
            holder[key] = holder[key] * chance.choice([2, 40])
        case 5 if isinstance(holder, dict):
            holder[chance.choice(["key", "type", "id", "path", "showWhen", "x", "validate"])] = holder.pop(key)
        case 6:
            holder[key] = [holder[key]] if chance.random() < 0.5 else {"components": holder[key]}
        case 7:
            holder[key] = chance.choice(TEXTS)


def _walk(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a value: the container and the key or index."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        found += [(one, key) for key in keys]
        waiting += [one[key] for key in keys]
    return found


def mutate_bytes(content: bytes, chance: Random) -> bytes:
    """Cuts, noise, another encoding, or something before or after."""
    at = chance.randint(0, len(content))
    text = content.decode(errors="surrogatepass")
    match chance.randrange(9):
        case 0:
            return content[:at]
        case 1:
            return content[:at] + chance.randbytes(chance.randint(1, 20)) + content[at + chance.randint(0, 40) :]
        case 2:
            return text.encode(chance.choice(["utf-16", "utf-16-le", "utf-32"]), errors="replace")
        case 3:
            return text.encode(chance.choice(["gb18030", "latin-1", "utf-7"]), errors="replace")
        case 4:
            return b"\xef\xbb\xbf" + content
        case 5:
            return (
                f'<?xml version="1.{chance.randint(0, 1)}" encoding="{chance.choice(["x", "GBK", "ascii"])}"?>'.encode()
                + content
            )
        case 6:
            return b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>' + content
        case 7:
            return content + chance.choice([content, b"<", b"\x00", b"  ", b"<!-- -->"])
        case _:
            return content.replace(b"\x22", b"\x27", chance.randint(1, 9)).replace(b">", b">\x00", chance.randint(0, 1))
