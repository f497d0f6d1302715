"""Documents as PDF: what is read, printed and filed, made on request from what was issued."""


class PaperUnavailable(Exception):
    """The fonts are not there: the browser parts have not been fetched."""
