"""Static files, compressed for browsers that take it: once per file and process, when somebody first asks for it."""

import gzip
from functools import lru_cache
from pathlib import Path

import zstandard
from flask import Response, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.http import http_date
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as BaseResponse

STATIC = Path(__file__).parent / "static"
YEAR_SECONDS = 365 * 24 * 3600
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
CODINGS = ("zstd", "gzip")  # the better one first
ZSTD_LEVEL, GZIP_LEVEL = 17, 9
WINDOW_LOG = 20  # of a file this small nothing is gained by more memory in the browser


def serve_static(filename: str) -> BaseResponse:
    """A file of `web/static`. Its address changes with its content, so browsers keep it for a year. Answers 404."""
    coding = next((one for one in CODINGS if request.accept_encodings[one] > 0), None)
    path = safe_join(str(STATIC), filename)
    suffix = Path(filename).suffix
    if path is None:
        raise NotFound
    response: BaseResponse
    if coding is None or suffix not in TYPES:
        response = send_from_directory(STATIC, filename, max_age=YEAR_SECONDS)
    else:
        response = _send_compressed(Path(path), TYPES[suffix], coding)
    response.cache_control.immutable = True
    response.vary.add("Accept-Encoding")
    return response


def _send_compressed(path: Path, content_type: str, coding: str) -> BaseResponse:
    if not path.is_file():
        raise NotFound
    changed_ns = path.stat().st_mtime_ns
    response = Response(compress(path, changed_ns, coding), content_type=content_type)
    response.content_encoding = coding
    response.cache_control.public = True
    response.cache_control.max_age = YEAR_SECONDS
    response.headers["Last-Modified"] = http_date(changed_ns // 1_000_000_000)
    response.set_etag(f"{changed_ns:x}-{coding}")
    return response.make_conditional(request)


@lru_cache(maxsize=256)
def compress(path: Path, _changed_ns: int, coding: str) -> bytes:
    """The content of a file as it was changed last, compressed."""
    content = path.read_bytes()
    if coding == "gzip":
        return gzip.compress(content, GZIP_LEVEL, mtime=0)
    parameters = zstandard.ZstdCompressionParameters.from_level(ZSTD_LEVEL, window_log=WINDOW_LOG)
    return zstandard.ZstdCompressor(compression_params=parameters).compress(content)
