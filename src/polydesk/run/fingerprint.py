"""What a session's decisions may depend on besides its inputs: code, libraries and processor."""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

import polydesk

_LIBRARIES = ("numba", "llvmlite", "numpy", "msgspec")


def fingerprint() -> dict[str, str]:
    """Return versions, a hash of the package's sources and the processor, for the header of a session."""
    found = {"polydesk": polydesk.__version__, "code": _code_hash(), "python": platform.python_version()}
    found.update({name: version(name) for name in _LIBRARIES})
    found["cpu"] = _cpu()
    return found


def differences(recorded: dict[str, str], now: dict[str, str]) -> list[str]:
    """Return one line for each part of the fingerprint that is not the same."""
    names = sorted(recorded.keys() | now.keys())
    return [
        f"{name}: recorded {recorded.get(name, '-')}, now {now.get(name, '-')}"
        for name in names
        if recorded.get(name) != now.get(name)
    ]


def _code_hash() -> str:
    root = Path(polydesk.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return f"{platform.machine()} {line.split(':', 1)[1].strip()}"
    return f"{platform.machine()} {platform.processor()}".strip()
