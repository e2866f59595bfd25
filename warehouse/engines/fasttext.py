"""CSV and TSV many rows at a time, for files about which there is no doubt; the others are read by `textfile`.

Arrow's parser forgives what `textfile` refuses, such as letters after a closing quote. So it is only given whole rows
that all readers of RFC 4180 read alike. Whatever else there is ends in Doubt, and then the file is read again from its
start, row by row, by the reader that can name the line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from warehouse.engines.opening import Unreadable

BLOCK = 2 * 1024 * 1024
"""Bytes parsed at once. A row has to fit, so none of its fields is longer than textfile.LONGEST_FIELD."""
WORKERS = 2
AHEAD = 16
"""Pieces that may be parsed already while the rows before them are written."""

Codes = NDArray[np.uint8]
Places = NDArray[np.intp]

_QUOTE, _LF, _CR = b'"\n\r'
_NOWHERE: Places = np.zeros(0, np.intp)
_BOM = b"\xef\xbb\xbf"


class Doubt(Exception):
    """The file is not as plain as this reader wants it; nothing is known to be wrong with it."""


def tables(file: BinaryIO, delimiter: str, names: list[str], *, block: int = BLOCK) -> Iterator[pa.Table]:
    """The rows after the header as columns of text; an empty field is NULL. Raises Doubt at any time.

    names: of the columns, as many as the header has and no two alike.
    """
    pieces = in_pieces(file, lambda text: _whole_rows(text, delimiter), block)
    found = ahead(lambda piece: _parsed(piece, delimiter, names), pieces)
    for number, table in enumerate(found):
        yield table if number else table.slice(1)  # without the header


def in_pieces(file: BinaryIO, whole: Callable[[bytes], int], block: int) -> Iterator[bytes]:
    """The file without a byte order mark, cut where rows end. Raises Doubt, also if a row is longer than `block`.

    whole: how many bytes of a text, which begins with a row, are whole rows.
    """
    rest, first = b"", True
    try:
        while more := file.read(block - len(rest)):
            text = rest + (more.removeprefix(_BOM) if first else more)
            first, end = False, whole(text)
            if end:
                yield text[:end]
            rest = text[end:]
    except Unreadable as error:
        raise Doubt from error
    if rest:
        # The last row, without a line end; or one that is too long, of which this is only the beginning.
        if file.read(1) or whole(rest + b"\n") <= len(rest):
            raise Doubt
        yield rest + b"\n"


def ahead(work: Callable[[bytes], pa.Table], pieces: Iterable[bytes]) -> Iterator[pa.Table]:
    """`work(piece)` of each piece in order, done a few pieces ahead in threads."""
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: deque[Future[pa.Table]] = deque()
        for piece in pieces:
            waiting.append(pool.submit(work, piece))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _parsed(piece: bytes, delimiter: str, names: list[str]) -> pa.Table:
    reading = pa.csv.ReadOptions(column_names=names, block_size=len(piece), use_threads=False)
    parsing = pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    text = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    try:
        return pa.csv.read_csv(pa.BufferReader(piece), reading, parsing, text)
    except pa.ArrowInvalid as error:
        raise Doubt from error


def _whole_rows(text: bytes, delimiter: str) -> int:
    """How many bytes are whole rows. Raises Doubt if these are not plain.

    Plain is: a quote opens at the beginning of a field or closes at its end or is doubled; outside quotes a CR comes
    before an LF only; no NUL. Then a byte is inside quotes exactly if an odd number of quotes stands before it.
    """
    codes = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE) if b'"' in text else _NOWHERE
    end = _last_line_end(text, codes, quotes) + 1
    quotes = quotes[quotes < end]
    # At the very beginning the byte before is the last one: a line end, if there are whole rows at all.
    opening, closing = codes[:end][quotes[::2] - 1], codes[quotes[1::2] + 1]
    returns = _outside(np.flatnonzero(codes[:end] == _CR), quotes) if b"\r" in text else _NOWHERE
    if (
        b"\0" in text
        or text.startswith(_BOM)  # Arrow would drop it, but here it is a part of the first field
        or not np.isin(opening, list(f'{delimiter}\n"'.encode())).all()
        or not np.isin(closing, list(f'{delimiter}\n\r"'.encode())).all()
        or not (codes[returns + 1] == _LF).all()
    ):
        raise Doubt
    return end


def _last_line_end(text: bytes, codes: Codes, quotes: Places) -> int:
    """The place of the last line end outside quotes; -1 if there is none."""
    last = text.rfind(b"\n")
    if last < 0 or np.searchsorted(quotes, last) % 2 == 0:
        return last
    places = _outside(np.flatnonzero(codes == _LF), quotes)
    return int(places[-1]) if len(places) else -1


def _outside(places: Places, quotes: Places) -> Places:
    outside: Places = places[np.searchsorted(quotes, places) % 2 == 0]
    return outside
