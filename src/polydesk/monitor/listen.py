"""A port for the dashboard: the one asked for, or the next free one."""

import errno
import socket
from typing import NamedTuple

from polydesk.model.errors import MonitorError

HOST = "127.0.0.1"
"""The dashboard is for this machine only."""

_TRIES = 50


class Listening(NamedTuple):
    """An open socket and where it is.

    Attributes:
        socket: Bound and listening.
        port: Its port.
        busy: The port asked for when somebody else has it; 0 when it was free.
    """

    socket: socket.socket
    port: int
    busy: int

    @property
    def url(self) -> str:
        """Where a browser finds the dashboard."""
        return f"http://{HOST}:{self.port}"


def listen(port: int) -> Listening:
    """Listen on ``port`` of this machine, or on the next free one; 0 takes any.

    Raises:
        MonitorError: None of the next ports is free, or listening is not allowed.
    """
    for tried in range(port, min(port + _TRIES, 65_536)) if port else (0,):
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((HOST, tried))
            opened.listen(128)
        except OSError as err:
            opened.close()
            if err.errno != errno.EADDRINUSE:
                raise MonitorError(f"--port {tried}: cannot listen there ({err.strerror}); give another") from err
            continue
        found = opened.getsockname()[1]
        return Listening(opened, found, port if found != port and port else 0)
    raise MonitorError(f"--port {port}: it and the next {_TRIES - 1} ports are in use; give another")
