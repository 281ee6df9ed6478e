"""``polydesk dashboard``, and the dashboard that ``polydesk run`` starts beside a session."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polydesk.cli.options import ConfigFile, DataDir, load
from polydesk.cli.output import examples
from polydesk.model.errors import ConfigError, MonitorError

if TYPE_CHECKING:
    from polydesk.monitor.spawn import Spawned, Starting

EPILOG = examples(
    "polydesk dashboard",
    "polydesk dashboard --port 9000 --lang zh",
    "polydesk dashboard --data-dir other-desk",
)

PORT = 8888
"""Where the dashboard is unless told otherwise."""

INTERRUPTED = 130
"""Exit code after Ctrl-C."""

LINGER_S = 30.0
"""How long a dashboard that no terminal watches stays after its session, unless a page is open."""

Port = Annotated[int, typer.Option(min=1, max=65_535, help="Port on this machine; the next free one if it is in use.")]
Lang = Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language of pages.")]


def dashboard(port: Port = PORT, lang: Lang = "en", data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Show all sessions of a data folder in the browser, running ones as they happen. Ctrl-C ends it."""
    from polydesk.monitor.listen import listen
    from polydesk.monitor.words import Language

    if lang not in set(Language):
        raise ConfigError(f"--lang {lang!r}: choose {' or '.join(Language)}")
    folder = Path(load(config, [], data_dir).settings.data_dir)
    listening = listen(port)
    from polydesk.monitor.server import Dashboard

    told = announce(listening.url, listening.busy)
    try:
        Dashboard(folder, Language(lang)).serve(listening, lambda: typer.echo(f"{told} (Ctrl-C ends it)", err=True))
    except KeyboardInterrupt as err:
        typer.echo("dashboard stopped", err=True)
        raise typer.Exit(INTERRUPTED) from err


def announce(url: str, busy: int) -> str:
    """Return the line that tells where the dashboard is."""
    return f"port {busy} is in use; dashboard: {url}" if busy else f"dashboard: {url}"


@contextmanager
def beside(data_dir: Path, port: int, lang: str, *, wanted: bool) -> Iterator["Starting | None"]:
    """Start a dashboard that ends with the block; ``None`` when none is wanted or it cannot be started.

    A session never fails because of its dashboard.
    """
    if not wanted:
        yield None
        return
    from polydesk.monitor.spawn import start

    try:
        starting = start(data_dir, port, lang)
    except MonitorError as err:
        typer.echo(f"warning: no dashboard: {err}", err=True)
        yield None
        return
    try:
        yield starting
    finally:
        starting.abandon()


def ready(starting: "Starting | None") -> "Spawned | None":
    """Wait until the dashboard serves and say where, or why there is none."""
    if starting is None:
        return None
    try:
        found = starting.ready()
    except MonitorError as err:
        typer.echo(f"warning: no dashboard: {err}", err=True)
        return None
    typer.echo(announce(found.url, found.busy), err=True)
    return found


def keep_serving(found: "Spawned", *, for_ever: bool) -> None:
    """Serve on after the session until Ctrl-C, or until nobody has looked for a while."""
    if for_ever:
        typer.echo(f"{announce(found.url, 0)} stays until Ctrl-C (--exit-when-done leaves at once)", err=True)
    else:
        typer.echo(
            f"{announce(found.url, 0)} stays for {LINGER_S:.0f} s, longer while a page is open "
            "(--stay until Ctrl-C, --exit-when-done not at all)",
            err=True,
        )
    ended_s = time.monotonic()
    # Also a termination or a closed terminal ends it in order, so that the dashboard's process ends with this one.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        while found.alive:
            if not for_ever and min(time.monotonic() - ended_s, found.idle_s()) >= LINGER_S:
                return
            time.sleep(0.5)
    except KeyboardInterrupt:
        typer.echo("\ndashboard stopped", err=True)
    except MonitorError as err:
        typer.echo(f"warning: {err}", err=True)
    else:
        typer.echo("warning: the dashboard ended by itself; dashboard.log in the data folder tells why", err=True)
