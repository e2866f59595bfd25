"""Digests of text: equal for equal texts wherever they stand, different for others."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.exporter.digests import combined, digests


def of(cells):
    array = cells if isinstance(cells, pa.Array) else pa.array(cells, pa.string())
    return digests(array, np.array([bool(cell) for cell in array.to_pylist()])).tolist()


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(st.sampled_from("ab\0 題😀"), max_size=30) | st.none(), min_size=1, max_size=40))
def test_texts_have_one_digest_if_and_only_if_they_are_equal(cells):
    by_text = dict(zip([cell or "" for cell in cells], of(cells), strict=True))
    assert [by_text[cell or ""] for cell in cells] == of(cells)
    assert len(set(by_text.values())) == len(by_text)


def test_texts_of_every_length_are_told_apart():
    texts = ["x" * length for length in range(601)]
    assert len(set(of(texts))) == 601
    assert [of([text])[0] for text in texts] == of(texts)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 16, 63, 64, 65, 600])
def test_every_byte_counts(length):
    texts = ["a" * at + "b" + "a" * (length - at - 1) for at in range(length)]
    assert len(set(of(["a" * length, *texts]))) == length + 1


def test_a_slice_has_the_digests_of_its_cells():
    cells = pa.array([None if n % 5 == 0 else "k" * (n % 40) + str(n) for n in range(1000)])
    assert of(cells.slice(137, 500)) == of(cells)[137:637] == of(cells.slice(137, 500).to_pylist())


def test_what_lies_behind_the_last_cell_changes_nothing():
    data, ends = pa.py_buffer(b"abcdefgh-rest"), pa.py_buffer(np.array([0, 3, 5], np.int32))
    assert of(pa.StringArray.from_buffers(2, ends, data)) == of(["abc", "de"])
    assert of(pa.StringArray.from_buffers(2, ends, pa.py_buffer(b"abcde"))) == of(["abc", "de"])


def test_a_null_that_hides_bytes_is_no_text():
    ends, hidden = pa.py_buffer(np.array([0, 3, 6], np.int32)), pa.py_buffer(b"abcdef")
    array = pa.StringArray.from_buffers(2, ends, hidden, pa.py_buffer(b"\x02"))
    assert of(array) == of([None, "def"])


def test_a_column_without_a_text_has_no_data_to_read():
    assert len(set(of(pa.nulls(3, pa.string())))) == 1


def test_numbered_keys_do_not_meet():
    keys = [f"{n % 500:08d}{n // 500:08d}" for n in range(200_000)]
    low = {digest & 0xFFFFFFFFFF for digest in of(keys)}
    assert len(low) == len(keys), "40 bits of a good digest keep 200,000 texts apart"


def test_parts_are_combined_in_their_order():
    a, b = (np.array(of([text]), np.uint64) for text in "ab")
    assert combined(a, b).tolist() != combined(b, a).tolist()
    assert combined(a, np.concatenate([b, b])).tolist() == combined(a, b).tolist() * 2
