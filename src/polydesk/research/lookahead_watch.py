"""What a strategy touches outside its view: files opened, bytes read, sockets, processes; and who opens the tape.

Three witnesses, because none sees everything: the interpreter's audit events name what Python code opens; the kernel's
count of bytes this process read also covers libraries that open files themselves; and a watch on the tape's folder
sees every file opened there, by whatever means. The first two count only while the strategy is being asked.
"""

import ctypes
import ctypes.util
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_EVENTS = {
    "open": "opened", "socket.connect": "connected to", "socket.getaddrinfo": "looked up", "subprocess.Popen": "ran",
    "os.system": "ran", "os.listdir": "listed", "os.scandir": "listed",
}  # fmt: skip
_CODE = (".py", ".pyc", ".so", ".pth")
_IN_OPEN, _IN_NONBLOCK, _IN_CLOEXEC = 0x20, 0o4000, 0o2000000
_IN_ISDIR = 0x40000000
_HEAD = struct.Struct("iIII")
_MOST = 20


class Touched:
    """What the strategy touched; each kind of thing once.

    Attributes:
        deciding: While it was asked: ``"opened /path"``, ``"read 512 bytes"``, ``"connected to ..."``.
        loading: Files opened while it was imported and made, code aside.
    """

    def __init__(self) -> None:
        self.deciding: dict[str, None] = {}
        self.loading: dict[str, None] = {}
        self._inside = ""
        sys.addaudithook(self._heard)

    @contextmanager
    def loads(self) -> Iterator[None]:
        """Listen while the strategy is imported and made."""
        self._inside = "loading"
        try:
            yield
        finally:
            self._inside = ""

    def begin(self) -> int:
        """Start to listen to one call of the strategy; return what ``end`` needs."""
        read = bytes_read()
        self._inside = "deciding"
        return read

    def end(self, before: int) -> None:
        """Stop listening."""
        self._inside = ""
        read = bytes_read() - before
        if read > 0 and len(self.deciding) < _MOST:
            self.deciding["read bytes from files or sockets"] = None

    def _heard(self, event: str, args: tuple[object, ...]) -> None:
        if self._inside and event in _EVENTS:
            what = args[0] if event != "socket.connect" else args[1]
            told = f"{_EVENTS[event]} {os.fsdecode(what) if isinstance(what, str | bytes) else what}"
            if self._inside == "deciding":
                if len(self.deciding) < _MOST:
                    self.deciding[told] = None
            elif event == "open" and not str(what).endswith(_CODE) and "__pycache__" not in str(what):
                self.loading[told] = None


_OWN_IO = Path("/proc/self/io")
_PROBE = os.open(_OWN_IO, os.O_RDONLY) if _OWN_IO.exists() else -1


def bytes_read() -> int:
    """Return how many bytes this process has read from anything, without the reading done here; 0 where unknown."""
    if _PROBE < 0:
        return 0
    global _own  # noqa: PLW0603 - what this very function has read must be taken off
    text = os.pread(_PROBE, 256, 0)
    told = int(text.split(b"\n", 1)[0].split()[1])
    found = told - _own
    _own += len(text)
    return found


_own = 0


class TapeWatch:
    """A watch on a tape's folder: which of its files are opened, by whatever means. Linux only.

    Attributes:
        works: Whether this system can do it.
    """

    def __init__(self, folder: Path) -> None:
        self._names: dict[int, Path] = {}
        self._fd = -1
        libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
        if hasattr(libc, "inotify_init1"):
            self._fd = libc.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC)
        self.works = self._fd >= 0
        if self.works:
            for place in (folder, *(inner for inner in sorted(folder.rglob("*")) if inner.is_dir())):
                number = libc.inotify_add_watch(self._fd, os.fsencode(place), _IN_OPEN)
                if number >= 0:
                    self._names[number] = place

    def opened(self) -> list[str]:
        """Return the files opened since the last call, each once."""
        found: dict[str, None] = {}
        while self.works:
            try:
                data = os.read(self._fd, 65_536)  # inotify gives whole entries only
            except BlockingIOError:
                break
            at = 0
            while at < len(data):
                number, mask, _, length = _HEAD.unpack_from(data, at)
                name = data[at + _HEAD.size : at + _HEAD.size + length].rstrip(b"\0")
                at += _HEAD.size + length
                if name and not mask & _IN_ISDIR:
                    found[str(self._names[number] / os.fsdecode(name))] = None
        return list(found)
