"""zstandard, ready for use in each thread."""

import threading

import zstandard


class Codec(threading.local):
    """Compresses and decompresses at one level, with one dictionary or none.

    Making a compressor costs more than compressing a small text, and none is safe for threads: each thread has its own.
    """

    def __init__(self, level: int, dictionary: zstandard.ZstdCompressionDict | None = None) -> None:
        self.compress = zstandard.ZstdCompressor(level, dict_data=dictionary).compress
        self.decompress = zstandard.ZstdDecompressor(dict_data=dictionary).decompress
