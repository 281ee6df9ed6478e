"""Replay speed: how far virtual time may have come at a given wall time."""

from collections.abc import Callable

from polydesk.model.grid import FAR_NS, NS_PER_S

_SKIP_NS = 60 * NS_PER_S
"""Silences of the recording longer than this are skipped, not waited for."""


class Pace:
    """A speed in virtual seconds per second, or no limit.

    Args:
        speed: Multiple of real time; ``None`` for as fast as it goes.
        clock: Monotonic nanoseconds.
    """

    def __init__(self, speed: float | None, clock: Callable[[], int]) -> None:
        self._speed = speed
        self._clock = clock
        self._wall_ns = 0
        self._virtual_ns = -1
        self._last_ns = -1

    def wait_s(self, next_ns: int) -> float:
        """Return how many seconds to wait before virtual time ``next_ns``; 0 when it may happen now."""
        if self._speed is None:
            return 0.0
        wall = self._clock()
        if self._virtual_ns < 0 or next_ns - self._last_ns > _SKIP_NS:
            self._wall_ns, self._virtual_ns = wall, next_ns
        self._last_ns = next_ns
        due_wall = self._wall_ns + (next_ns - self._virtual_ns) / self._speed
        return max(0.0, (due_wall - wall) / NS_PER_S)

    def allowed_ns(self) -> int:
        """Return the virtual time that may be reached now; far in the future without a limit."""
        if self._speed is None or self._virtual_ns < 0:
            return FAR_NS
        return self._virtual_ns + int((self._clock() - self._wall_ns) * self._speed)
