"""Running the program on a real (pseudo) terminal."""

import os
import pty
import select
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_CODE = (
    "import fcntl, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"  # so that Ctrl-C reaches the program as a signal
    "sys.argv[0] = 'polydesk'\n"
    "from polydesk.cli import main\n"
    "main()\n"
)
_WAIT_S = 60


@dataclass
class Terminal:
    """The program on a terminal of 80 columns; ``text`` is everything it has printed."""

    args: list[str]
    cwd: Path
    env: dict[str, str] = field(default_factory=dict)
    text: str = ""

    def __post_init__(self) -> None:
        self._met = 0
        self._fd, program = pty.openpty()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("POLYDESK")}
        env = clean | {"COLUMNS": "80", "LINES": "40", "TERM": "xterm-256color"} | self.env
        self._child = subprocess.Popen(
            [sys.executable, "-c", _CODE, *self.args],
            stdin=program, stdout=program, stderr=program, cwd=self.cwd, env=env, start_new_session=True,
        )  # fmt: skip
        os.close(program)

    def until(self, wanted: str) -> None:
        """Read until the program has printed ``wanted`` after what was waited for before."""
        while wanted not in self.text[self._met :]:
            assert self._read(), f"it ended without {wanted!r}: {self.text}"
        self._met = self.text.index(wanted, self._met) + len(wanted)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._fd, keys.encode())

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        os.close(self._fd)
        return self._child.wait()

    def _read(self) -> bool:
        ready, _, _ = select.select([self._fd], [], [], _WAIT_S)
        assert ready, f"nothing came for {_WAIT_S} s after: {self.text}"
        try:
            got = os.read(self._fd, 65_536)
        except OSError:  # the terminal is gone with the program
            return False
        self.text += got.decode(errors="replace").replace("\r\n", "\n")
        return bool(got)
