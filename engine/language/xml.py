"""The one XML parser: no entities, no DTD, nothing fetched, nesting and amplification bounded by libxml2."""

import re

from lxml import etree

# Whatever may stand before the root; atomic groups, so that a long prolog is read once.
_DOCTYPE = re.compile(rb"\A(?:\xef\xbb\xbf)?(?>\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)


class XmlRefused(ValueError):
    """No XML that we read. `line` counts from 1, 0 where no line is to blame; `has_doctype`: that is the reason."""

    def __init__(self, detail: str, line: int = 0, *, has_doctype: bool = False) -> None:
        super().__init__(f"Expected well-formed XML without DOCTYPE, but {detail}")
        self.detail, self.line, self.has_doctype = detail, line, has_doctype


def parse_xml(content: bytes, *, keeps_comments: bool = False) -> etree._Element:
    """The root of a document. Raises XmlRefused.

    Comments and processing instructions are dropped unless the document is to be written again.
    """
    if _DOCTYPE.match(content):
        raise XmlRefused("it has a DOCTYPE", has_doctype=True)
    # A parser of its own per file: lxml parsers keep state and are not meant to be shared between threads.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=not keeps_comments,
        remove_pis=not keeps_comments,
        strip_cdata=not keeps_comments,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmlRefused(getattr(error, "msg", None) or str(error), getattr(error, "lineno", None) or 0) from None
    if root.getroottree().docinfo.internalDTD is not None:  # written in UTF-16, for example
        raise XmlRefused("it has a DOCTYPE", has_doctype=True)
    return root
