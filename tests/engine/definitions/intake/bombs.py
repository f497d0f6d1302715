"""Files made to hurt: each small or at the limit, all of them to be refused or read at once."""

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def _root(inside: str = "", attributes: str = "", before: str = "") -> str:
    return f'{before}<definitions xmlns="{BPMN}" {attributes}>{inside}</definitions>'


def _laughs() -> str:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE d [<!ENTITY a0 "aaaaaaaaaa">{entities}]>'


_LONG = '<!DOCTYPE d [<!ENTITY a "' + "a" * 50_000 + '">]>'
_MANY = "<!DOCTYPE d [" + "".join(f'<!ENTITY a{n} "x">' for n in range(25_000)) + "]>"
_SECRET = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>'

XML: dict[str, bytes] = {
    "laughs in a text": _root("&a9;", before=_laughs()).encode(),
    "laughs in an attribute": _root(attributes='x="&a9;"', before=_laughs()).encode(),
    "laughs in utf-16": _root(attributes='x="&a9;"', before=_laughs()).encode("utf-16"),
    "laughs behind a comment": _root("&a9;", before='<?xml version="1.0"?><!-- x --> ' + _laughs()).encode(),
    "one long entity": _root("&a;" * 20_000, before=_LONG).encode(),
    "many entities": _root(before=_MANY).encode(),
    "outside entity": _root("&a;", before=_SECRET).encode(),
    "parameter entity": _root(before='<!DOCTYPE d [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>').encode(),
    "outside DTD": _root(before='<!DOCTYPE d SYSTEM "http://127.0.0.1:1/x.dtd">').encode(),
    "inclusion": _root(
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    ).encode(),
    "style sheet": b'<?xml-stylesheet href="file:///etc/passwd"?>' + _root().encode(),
    "depth": b"<a>" * 100_000,
    "depth of sub-processes": _root('<subProcess id="x">' * 250 + "</subProcess>" * 250).encode(),
    "comments": _root("<!---->" * 130_000).encode(),
    "instructions": _root("<?a?>" * 190_000).encode(),
    "namespaces": _root(attributes=" ".join(f'xmlns:a{n}="u{n}"' for n in range(25_000))).encode(),
    "attributes": _root(attributes=" ".join(f'a{n}="1"' for n in range(30_000))).encode(),
    "5 MB": _root("x" * 5_000_000).encode(),
    "10 MB in an attribute": _root(attributes='x="' + "y" * 10_000_000 + '"').encode(),
    "zip": b"PK\x03\x04" + b"\x00" * 1_000_000,
    "gzip": b"\x1f\x8b\x08" + b"\x00" * 1_000,
    "zeros": b"\x00" * 1_000_000,
}
JSON: dict[str, bytes] = {
    "depth": b"[" * 100_000 + b"]" * 100_000,
    "depth of objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "depth of groups": b'{"type": "default", "components": '
    + b'[{"type": "group", "components": ' * 2_000
    + b"[]"
    + b"}]" * 2_000
    + b"}",
    "5 MB": b'{"type": "default", "components": [' + b"1," * 2_500_000 + b"1]}",
    "long number": b'{"type": "default", "components": [' + b"9" * 150_000 + b"]}",
    "not a number": b'{"type": "default", "components": [NaN]}',
    "infinity": b'{"type": "default", "components": [1e999]}',
    "half a character": b'{"type": "default", "components": ["\\ud800"]}',
    "many components": b'{"type": "default", "components": [' + b'{"type": "x"},' * 13_000 + b"1]}",
    "zeros": b"\x00" * 100_000,
}
