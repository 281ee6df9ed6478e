"""Functions of other rooms, compiled as they are: the loop and the interpreted desk run the same code."""

from numba import float64, int64

from polydesk.kernel.jit import kernel
from polydesk.risk import checks
from polydesk.signals import exits, features

at_most = kernel(int64(int64, int64))(checks.at_most)
below = kernel(int64(int64, int64))(checks.below)
at_least = kernel(int64(int64, int64))(checks.at_least)
on_tick = kernel(int64(int64, int64))(checks.on_tick)
adverse_g4 = kernel(int64(int64, int64, int64))(checks.adverse_g4)
UNKNOWN = checks.UNKNOWN
exit_number = kernel(int64(float64, float64, int64, int64, float64, float64, float64, float64))(exits.exit_number)
next_variance = kernel(float64(float64, float64, float64))(features.next_variance)
