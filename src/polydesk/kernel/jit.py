"""The one decorator that compiles: explicit signatures, cached machine code, no reference counting."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

import numba

from polydesk.kernel.cache import CALLER_ROOMS, KERNEL_ROOMS, cache_directory

F = TypeVar("F", bound=Callable[..., Any])

_compiled: list[Any] = []
_spent_s = [0.0]


def kernel(signature: Any = None, *, allocates: bool = False, inline: bool = True) -> Callable[[F], F]:
    """Compile a function with the project's options, or load it from the cache.

    With a signature the function is ready when its module is imported (in the rooms above the kernel: when it is first
    asked for); without one it compiles at the first call with each set of argument types. ``NUMBA_DISABLE_JIT=1``
    leaves the Python function as it is.

    Args:
        signature: A numba signature such as ``int64(int64, int64)``.
        allocates: Set it when the function, or one it calls, creates arrays. Otherwise reference counting is left
            out: with it, a small function that takes arrays and is called once per row costs several times more.
        inline: Inline into every compiled caller. An array is seven arguments to a compiled function, so a call per
            row costs more than the work; unset it for the rare branches of a loop.

    Returns:
        The decorator.
    """

    def decorate(function: F) -> F:
        if numba.config.DISABLE_JIT:
            return function
        dispatcher = _cached_dispatcher(function, allocates=allocates, inline=inline)
        if signature is not None and function.__module__.startswith("polydesk.kernel"):
            _load(dispatcher, signature)
        elif signature is not None:
            _load_when_needed(dispatcher, signature)
        _compiled.append(dispatcher)
        return dispatcher  # type: ignore[no-any-return]

    return decorate


@contextmanager
def _scalar_loops() -> Iterator[None]:
    # The kernel's loops go over a few orders or levels: made for vectors of eight, each costs more to begin than it
    # takes, and the loop around it loses registers to their constants.
    config = numba.config
    before = config.LOOP_VECTORIZE, config.SLP_VECTORIZE
    config.LOOP_VECTORIZE = config.SLP_VECTORIZE = 0
    try:
        yield
    finally:
        config.LOOP_VECTORIZE, config.SLP_VECTORIZE = before


@contextmanager
def _interruptible() -> Iterator[None]:
    # The compiler calls back from C: an exception there is printed and lost, and what comes later fails for want of
    # its result. Ctrl-C waits there for the end of this one function, and ends the compilation as what it is.
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        yield
        return
    came = []

    def hear(number: int, frame: FrameType | None) -> None:
        came.append(number)
        while frame is not None and not frame.f_globals.get("__name__", "").startswith("llvmlite.binding"):
            frame = frame.f_back
        if frame is None:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, hear)
    try:
        yield
    except Exception as err:
        if came:
            raise KeyboardInterrupt from err
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def _load(dispatcher: Any, signature: Any) -> None:
    began = time.perf_counter()
    with _scalar_loops(), _interruptible():
        dispatcher.compile(signature)
    dispatcher.disable_compile()
    if dispatcher.stats.cache_misses:
        _spent_s[0] += time.perf_counter() - began


def _load_when_needed(dispatcher: Any, signature: Any) -> None:
    """Let a function be compiled or loaded when a compiled caller that is not in the cache, or Python, first asks.

    A cached caller holds the code of everything it calls; loading each of them beside it costs a process seconds and
    hundreds of megabytes.
    """
    resolve = dispatcher.get_call_template

    def needed() -> None:
        if not dispatcher.overloads:
            _load(dispatcher, signature)

    def get_call_template(args: Any, kws: Any) -> Any:
        needed()
        return resolve(args, kws)

    def compile_for_args(*_args: Any, **_kws: Any) -> Any:
        needed()
        return next(iter(dispatcher.overloads.values())).entry_point

    dispatcher.get_call_template = get_call_template
    dispatcher._compile_for_args = compile_for_args


def make_ready(function: Any) -> None:
    """Compile or load a function with a signature now rather than when it is first asked for."""
    if not numba.config.DISABLE_JIT and not function.overloads:
        function._compile_for_args()


def entry(function: F) -> F:
    """Return a compiled function as Python should call it: without looking at the arguments' types each time.

    That look costs two microseconds for each ``Arrays``. Arguments must have the types of the function's signature:
    ``Arrays`` check theirs when they are made, whoever hands over a bare array checks it.
    """
    if numba.config.DISABLE_JIT:
        return function
    make_ready(function)
    return next(iter(function.overloads.values())).entry_point  # type: ignore[attr-defined,no-any-return]


def compiled_now() -> int:
    """Return how many specialisations this process compiled instead of loading them from the cache."""
    return sum(sum(dispatcher.stats.cache_misses.values()) for dispatcher in _compiled)


def compile_seconds() -> float:
    """Return the wall time this process spent compiling functions with explicit signatures, in seconds."""
    return _spent_s[0]


def _cached_dispatcher(function: Callable[..., Any], *, allocates: bool, inline: bool) -> Any:
    is_kernel = function.__module__.startswith("polydesk.kernel")
    directory, is_new = cache_directory(KERNEL_ROOMS if is_kernel else CALLER_ROOMS)
    if is_new and not _compiled:
        sys.stderr.write("kernel: compiling, once for this version and machine\n")
    options = {
        "error_model": "numpy",
        "nogil": True,
        "no_cfunc_wrapper": True,
        "_nrt": allocates,
        "forceinline": inline,
    }
    # numba reads the directory when the cache is enabled; other users of numba in this process keep their own.
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(directory)
    try:
        return numba.njit(cache=True, **options)(function)
    finally:
        numba.config.CACHE_DIR = before
