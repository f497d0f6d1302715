"""Answers in the coding a browser takes: files once per process, pages each time."""

import gzip
from functools import lru_cache

import zstandard
from flask import Request, Response
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

CODINGS = ("zstd", "gzip")  # the better one first
WINDOW_LOG = 20  # for content this small nothing is gained by more memory in the browser
PAGE_ZSTD_LEVEL, PAGE_GZIP_LEVEL = 3, 5
FILE_ZSTD_LEVEL, FILE_GZIP_LEVEL = 17, 9
SMALL_BYTES = 1_000


def choose_coding(asking: Request) -> str | None:
    """The best coding the sender takes; none if it takes none of ours."""
    return _choose(asking.environ.get("HTTP_ACCEPT_ENCODING", ""))


@lru_cache(maxsize=256)  # there are about as many as kinds of browsers
def _choose(accepted: str) -> str | None:
    taken = parse_accept_header(accepted, Accept)
    return next((coding for coding in CODINGS if taken[coding] > 0), None)


def compress(content: bytes, coding: str, *, is_kept: bool) -> bytes:
    """Content in a coding; what is kept may take its time."""
    if coding == "gzip":
        return gzip.compress(content, FILE_GZIP_LEVEL if is_kept else PAGE_GZIP_LEVEL, mtime=0)
    level = FILE_ZSTD_LEVEL if is_kept else PAGE_ZSTD_LEVEL
    parameters = zstandard.ZstdCompressionParameters.from_level(level, window_log=WINDOW_LOG)
    return zstandard.ZstdCompressor(compression_params=parameters).compress(content)


def compress_page(asking: Request, response: Response) -> None:
    """Compresses a page. Its form token is masked anew each time, so its length tells nothing of it."""
    if 300 <= response.status_code < 400:  # nobody reads what stands in an answer that leads on
        return
    if response.mimetype != "text/html" or response.is_streamed or response.content_encoding:
        return
    coding, content = choose_coding(asking), response.get_data()
    if coding is not None and len(content) >= SMALL_BYTES:
        response.set_data(compress(content, coding, is_kept=False))
        response.content_encoding = coding
