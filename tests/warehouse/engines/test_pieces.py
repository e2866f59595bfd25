"""A result reaches the parent in small pieces, however wide its rows are."""

import pyarrow as pa
import pytest

from warehouse.engines.base import QueryFailed
from warehouse.engines.pieces import LARGEST_ROW, PIECE_BYTES, in_pieces


def batch(*sizes):
    return pa.record_batch({"text": ["x" * size for size in sizes], "n": list(range(len(sizes)))})


def test_a_small_batch_stays_whole():
    small = batch(1, 2, 3)
    assert list(in_pieces(small)) == [small]


def test_a_large_batch_comes_in_pieces_with_all_its_rows_in_order():
    pieces = list(in_pieces(batch(*[PIECE_BYTES // 3] * 10, 5)))
    assert [n for piece in pieces for n in piece["n"].to_pylist()] == list(range(11))
    assert max(piece.nbytes for piece in pieces) <= PIECE_BYTES


def test_a_wide_row_among_narrow_ones_is_a_piece_of_its_own():
    pieces = list(in_pieces(batch(1, 1, PIECE_BYTES * 2, 1)))
    assert [piece.num_rows for piece in pieces if piece.nbytes > PIECE_BYTES] == [1]


def test_a_row_too_large_for_anyone_is_refused():
    with pytest.raises(QueryFailed, match="A row of the result is larger than 64 MB") as caught:
        list(in_pieces(batch(1, LARGEST_ROW)))
    assert caught.value.user_error is True
