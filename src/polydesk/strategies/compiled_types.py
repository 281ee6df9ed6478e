"""Compiled types of the arrays in ``signals.compiled``."""

from numba import types

LONG1, LONG2, LONG3 = (types.Array(types.int64, ndim, "C") for ndim in (1, 2, 3))
FLOAT1, FLOAT2 = (types.Array(types.float64, ndim, "C") for ndim in (1, 2))
