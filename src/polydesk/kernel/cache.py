"""Where compiled kernels are kept on disk, and under which key.

numba's own cache does not notice an edit in a callee that lives in another file and runs the stale caller. The
directory is therefore named by everything the machine code depends on.
"""

import contextlib
import functools
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm
import numba

PACKAGE = Path(__file__).resolve().parent.parent
KERNEL_ROOMS = ("model", "kernel")
"""Rooms whose sources decide the machine code of a kernel function: imports only go down."""
CALLER_ROOMS = (*KERNEL_ROOMS, "risk", "signals", "strategies", "desk")
"""Likewise for compiled functions of the rooms above the kernel."""
KEPT = 6
"""Cache directories that survive pruning, newest first."""


def source_key(rooms: tuple[str, ...], package: Path = PACKAGE) -> str:
    """Return a hash of the rooms' sources, the compiler, the interpreter and the CPU.

    Args:
        rooms: Names of sub-packages; one that does not exist counts as empty.
        package: Directory of the ``polydesk`` package.

    Returns:
        20 hex digits.
    """
    digest = hashlib.sha256()
    features = llvm.get_host_cpu_features().flatten()
    for fact in (
        numba.__version__,
        llvmlite.__version__,
        platform.python_version(),
        llvm.get_host_cpu_name(),
        features,
    ):
        digest.update(fact.encode() + b"\0")
    for room in rooms:
        for path in sorted((package / room).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:20]


@functools.cache
def cache_directory(rooms: tuple[str, ...]) -> tuple[Path, bool]:
    """Return the writable directory for these rooms' machine code and whether it is new.

    The first of ``$XDG_CACHE_HOME/polydesk``, ``~/.cache/polydesk`` and a private temporary directory that can be
    written to. Older directories beyond ``KEPT`` are removed when a new one is made.
    """
    name = f"kernel-{source_key(rooms)}"
    for base in _bases():
        directory = base / name
        is_new = not directory.is_dir()
        if _writable(directory):
            os.utime(directory)
            if is_new:
                _prune(base)
            return directory, is_new
    return Path(tempfile.mkdtemp(prefix=f"polydesk-{name}-")), True


def _bases() -> Iterator[Path]:
    configured = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(configured):
        yield Path(configured) / "polydesk"
    with contextlib.suppress(RuntimeError):  # neither HOME nor a password entry
        yield Path.home() / ".cache" / "polydesk"
    private = Path(tempfile.gettempdir()) / f"polydesk-{os.getuid()}"
    if _private(private):
        yield private


def _private(directory: Path) -> bool:
    # The cache holds machine code: a directory somebody else could have planted must not be used.
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        status = directory.lstat()
    except OSError:
        return False
    return status.st_uid == os.getuid() and not directory.is_symlink() and not status.st_mode & 0o022


def _writable(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def _prune(base: Path) -> None:
    found = sorted(base.glob("kernel-*"), key=_modified, reverse=True)
    for directory in found[KEPT:]:
        shutil.rmtree(directory, ignore_errors=True)


def _modified(directory: Path) -> float:
    try:
        return directory.stat().st_mtime
    except OSError:
        return 0.0  # another process pruned it first
