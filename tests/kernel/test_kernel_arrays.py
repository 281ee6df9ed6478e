"""Named arrays as compiled code takes them."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import int64

from polydesk.kernel import entry, kernel, new_wake
from polydesk.kernel.arrays import Arrays, array


class Ledger(Arrays):
    """Three arrays: some lengths differ, some do not."""

    rows: np.ndarray = array(np.int64, None, 4)
    grid: np.ndarray = array(np.int32, None, 2, None)
    rates: np.ndarray = array(np.float64, 3)


LEDGER = Ledger.numba_type


@kernel(int64(LEDGER, int64, int64))
def _add(ledger: Ledger, row: int, amount: int) -> int:
    ledger.rows[row, 3] += amount
    ledger.rates[2] = amount / 2
    total = 0
    for one in range(ledger.grid.shape[0]):
        for other in range(ledger.grid.shape[2]):
            total += ledger.grid[one, 1, other]
    return total + 1_000 * len(ledger.rows) + ledger.rows.shape[1]


def ledger(rows=2, first=1, last=1):
    grid = np.arange(first * 2 * last, dtype=np.int32).reshape(first, 2, last)
    return Ledger(rows=np.zeros((rows, 4), np.int64), grid=grid, rates=np.zeros(3))


@given(rows=st.integers(1, 9), first=st.integers(0, 5), last=st.integers(0, 5), amount=st.integers(-(10**6), 10**6))
def test_compiled_code_sees_and_changes_every_element(rows, first, last, amount):
    made = ledger(rows, first, last)
    told = entry(_add)(made, rows - 1, amount)
    assert told == int(made.grid[:, 1, :].sum()) + 1_000 * rows + 4
    assert made.rows[rows - 1, 3] == amount
    assert made.rows.sum() == amount
    assert made.rates.tolist() == [0, 0, amount / 2]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))])  # noqa: S301 - our own bytes
def test_a_copy_has_arrays_of_its_own_for_compiled_code_too(copied):
    made = ledger()
    other = copied(made)
    entry(_add)(other, 1, 7)
    assert other.rows[1, 3] == 7
    assert made.rows.sum() == 0


def test_a_longer_array_is_taken_with_a_new_object():
    made = ledger(rows=1)
    longer = made.replaced(rows=np.zeros((5, 4), np.int64))
    assert entry(_add)(longer, 4, 3) == 5_000 + 4 + 1
    assert longer.grid is made.grid
    assert [one.shape for one in longer] == [(5, 4), (1, 2, 1), (3,)]
    assert list(longer.named()) == ["rows", "grid", "rates"]


def test_zeros_have_the_declared_lengths_and_the_given_ones():
    made = Ledger.zeros(rows=3, grid=(5, 7))
    assert [(one.shape, one.dtype.name) for one in made] == [
        ((3, 4), "int64"), ((5, 2, 7), "int32"), ((3,), "float64"),
    ]  # fmt: skip
    assert not any(one.any() for one in made)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": np.zeros((2, 5), np.int64)},
        {"rows": np.zeros((2, 4), np.int32)},
        {"rows": np.zeros(8, np.int64)},
        {"rows": np.zeros((4, 8), np.int64)[:, ::2]},
        {"rates": np.zeros(4)},
    ],
)
def test_an_array_that_does_not_fit_is_refused(wrong):
    with pytest.raises(ValueError, match=f"Ledger.{next(iter(wrong))} is "):
        ledger().replaced(**wrong)


def test_arrays_of_another_kind_are_refused():
    with pytest.raises(TypeError, match="the arrays given are no Ledger"):
        entry(_add)(new_wake(1), 0, 1)


def test_something_else_is_refused():
    with pytest.raises(AttributeError, match="address"):
        entry(_add)((1, 2), 0, 1)
