"""Decodes the next chunk of a feed on a second thread while the kernel plays the one before.

Polars lets the interpreter go while it decodes, and so does the kernel on long waits. Per feed at most two chunks
are in memory: the one being played and the next. One thread serves all feeds, in the order in which
they ask. A feed whose chunks are small is read directly: handing them over would cost more.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from openoutcry.state.catalog_files import Columns

_WORTH_ROWS: Final = 1 << 16


class DecodeAhead:
    """One background decoder, for as long as a run lasts: `with DecodeAhead() as ahead: ...`."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode-ahead")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def chunks(self, chunks: "Iterable[Columns]") -> "Iterator[Columns]":
        """The same chunks in the same order. An error of theirs is raised where its chunk would come."""
        source = iter(chunks)
        pending: Future[Columns | None] | None = None
        while True:
            chunk = next(source, None) if pending is None else pending.result()
            if chunk is None:
                return
            large = len(chunk["ts_received"]) >= _WORTH_ROWS
            pending = self._pool.submit(next, source, None) if large else None
            yield chunk
            del chunk  # while the next one is awaited, only the kernel may hold it
