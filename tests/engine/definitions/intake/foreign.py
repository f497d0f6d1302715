"""Files as other products write them, made up here, and one small diagram in the ways it may be written down."""

from pathlib import Path

DATA = Path(__file__).with_name("data")
PLAIN = (DATA / "plain.bpmn").read_text(encoding="utf-8")


def _prefixed(prefix: str) -> str:
    """The small diagram with another prefix, or as the default namespace."""
    colon = ":" if prefix else ""
    return PLAIN.replace("bpmn:", f"{prefix}{colon}").replace("xmlns:bpmn", f"xmlns{colon}{prefix}")


PRODUCTS: dict[str, bytes] = {
    **{file.stem: file.read_bytes() for file in sorted(DATA.glob("*.bpmn")) if file.stem != "plain"},
    "bpmn2 prefix": _prefixed("bpmn2").encode(),
    "no prefix": _prefixed("").encode(),
    "utf-16": PLAIN.replace("UTF-8", "UTF-16").encode("utf-16"),
    "byte order mark": PLAIN.encode("utf-8-sig"),
    "gb18030": PLAIN.replace("UTF-8", "GB18030").encode("gb18030"),
    "wrong encoding": PLAIN.encode("gb18030"),
    "zip": b"PK\x03\x04" + bytes(range(256)) * 20,
    "empty": b"",
    "json": b'{"type": "default"}',
    "unknown namespaces": PLAIN.replace("<bpmn:task", '<x:colour xmlns:x="urn:x" y="1"/><bpmn:task')
    .replace('id="pack"', 'id="pack" z:depth="3"')
    .replace("xmlns:xsi", 'xmlns:z="urn:z" xmlns:xsi')
    .encode(),
}
