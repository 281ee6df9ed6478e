"""Starting the dashboard beside a session: a process of its own that is told to end, and outlives a desk that dies."""

import json
import select
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from polydesk.model.errors import MonitorError

LOG = "dashboard.log"
"""What the dashboard's process complains about, in the data folder."""

END = b"end\n"
"""What the desk says when the dashboard shall end."""

ALONE_S = 60.0
"""How long a dashboard whose desk died stays after somebody last had a page open, seconds."""

_START_S = 30.0
_END_S = 5.0


@dataclass
class Spawned:
    """A dashboard that serves in another process.

    Attributes:
        url: Where a browser finds it.
        busy: The port asked for when somebody else has it; 0 when it was free.
    """

    url: str
    busy: int
    _process: "subprocess.Popen[bytes]"

    def __enter__(self) -> "Spawned":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether it still serves."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def idle_s(self) -> float:
        """Return for how long nobody has had a page open, seconds.

        Raises:
            MonitorError: It does not answer.
        """
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:  # noqa: S310 - our own address
                return float(json.load(answer)["idle_s"])
        except (OSError, ValueError) as err:
            raise MonitorError(f"{self.url}: the dashboard does not answer ({err})") from err

    def close(self) -> None:
        """End it: it is told to on its standard input, which then closes; should it hang, it is killed."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            # A dashboard that has ended by itself hears nothing any more.
            with suppress(BrokenPipeError), self._process.stdin as told:
                told.write(END)
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@dataclass
class Starting:
    """A dashboard that is starting; the session need not wait for it."""

    _process: "subprocess.Popen[bytes]"
    _log: Path

    def ready(self, timeout_s: float = _START_S) -> Spawned:
        """Wait until it serves.

        Raises:
            MonitorError: It did not start; the message tells why or names its log.
        """
        stdout = self._process.stdout
        if stdout is None:
            raise MonitorError("the dashboard's process has no output")
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            readable, _, _ = select.select([stdout], [], [], max(0.0, deadline_s - time.monotonic()))
            if not readable:
                break
            line = stdout.readline()
            if not line:
                break
            told = json.loads(line)
            if "error" in told:
                self.abandon()
                raise MonitorError(str(told["error"]))
            return Spawned(str(told["url"]), int(told["busy"]), self._process)
        self.abandon()
        raise MonitorError(f"the dashboard did not start; {self._log} tells why; --no-dashboard goes without it")

    def abandon(self) -> None:
        """End it, ready or not."""
        Spawned("", 0, self._process).close()


def start(data_dir: Path, port: int, language: str, *, alone_s: float = ALONE_S) -> Starting:
    """Start a dashboard for the sessions in ``data_dir``.

    It ends when it is closed. When this process dies without closing it, it stays while somebody has a page open.

    Args:
        data_dir: Folder of sessions and ledger.
        port: Where; the next free one when it is taken.
        language: Of pages whose address names none.
        alone_s: How long it stays without an open page once this process has died, seconds.

    Raises:
        MonitorError: The data folder cannot be written.
    """
    log = data_dir / LOG
    command = [
        sys.executable, "-m", "polydesk.monitor", "--data-dir", str(data_dir), "--port", str(port), "--lang", language,
        "--alone", str(alone_s),
    ]  # fmt: skip
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as complaints:
            # A session of its own: Ctrl-C is for the desk, which ends the dashboard when it is done.
            process = subprocess.Popen(  # noqa: S603 - our own program
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, start_new_session=True
            )
    except OSError as err:
        raise MonitorError(f"{log}: cannot be written ({err.strerror}); choose another --data-dir") from err
    return Starting(process, log)
