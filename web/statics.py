"""Static files, compressed for browsers that take it: by the build in Brotli, else once per file and process."""

from functools import lru_cache
from pathlib import Path

from flask import Response, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.http import http_date
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as BaseResponse

from web.compression import choose_coding, compress

STATIC = Path(__file__).parent / "static"
YEAR_SECONDS = 365 * 24 * 3600
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


def serve_static(filename: str) -> BaseResponse:
    """A file of `web/static`. Its address changes with its content, so browsers keep it for a year. Answers 404."""
    coding = choose_coding(request)
    path = safe_join(str(STATIC), filename)
    suffix = Path(filename).suffix
    if path is None:
        raise NotFound
    response: BaseResponse
    built = Path(f"{path}.br")
    if suffix in TYPES and request.accept_encodings["br"] > 0 and built.is_file():
        response = send_from_directory(built.parent, built.name, max_age=YEAR_SECONDS)
        response.headers.update({"Content-Type": TYPES[suffix], "Content-Encoding": "br"})
    elif coding is None or suffix not in TYPES:
        response = send_from_directory(STATIC, filename, max_age=YEAR_SECONDS)
    else:
        response = _send_compressed(Path(path), TYPES[suffix], coding)
    response.cache_control.immutable = True
    response.vary.add("Accept-Encoding")
    return response


def serve_worker() -> BaseResponse:
    """The service worker, at the root so that it may answer for every page; asked for anew at each visit."""
    response = send_from_directory(STATIC, "worker.js")
    response.cache_control.no_cache = True
    response.headers["Content-Type"] = TYPES[".js"]
    return response


def _send_compressed(path: Path, content_type: str, coding: str) -> BaseResponse:
    if not path.is_file():
        raise NotFound
    changed_ns = path.stat().st_mtime_ns
    response = Response(_read_compressed(path, changed_ns, coding), content_type=content_type)
    response.content_encoding = coding
    response.cache_control.public = True
    response.cache_control.max_age = YEAR_SECONDS
    response.headers["Last-Modified"] = http_date(changed_ns // 1_000_000_000)
    response.set_etag(f"{changed_ns:x}-{coding}")
    return response.make_conditional(request)


@lru_cache(maxsize=256)
def _read_compressed(path: Path, _changed_ns: int, coding: str) -> bytes:
    """The content of a file as it was changed last."""
    return compress(path.read_bytes(), coding, is_kept=True)
