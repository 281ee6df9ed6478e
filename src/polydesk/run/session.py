"""A paper or backtest session from its first record to its last, and its continuation after a crash."""

import secrets
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import msgspec
import structlog
from pydantic import ValidationError

from polydesk.desk import DeskConfig
from polydesk.exchange import ExchangeConfig
from polydesk.exchange.measured import has_latencies, keep_latencies, kept_exchange, with_hash
from polydesk.model.errors import JournalFull, PolydeskError, SessionError, SessionInterrupted
from polydesk.model.ids import SessionId
from polydesk.model.params import Params, param
from polydesk.model.records import Record, SessionEnded, SessionHalted, SessionResumed, SessionStarted
from polydesk.report.session import session_tape
from polydesk.run.begin import begin
from polydesk.run.checkpoint import FILE_NAME as CHECKPOINT
from polydesk.run.checkpoint import read_checkpoint, restore_machine, write_checkpoint
from polydesk.run.compiled import Engine, choose, driver_type
from polydesk.run.driver import Driver, Machine, Progress
from polydesk.run.fingerprint import fingerprint
from polydesk.run.pace import Pace
from polydesk.run.publish import Publisher
from polydesk.run.recorder import Recorder, without_marks
from polydesk.run.settings import Settings
from polydesk.run.settings_load import override
from polydesk.strategies import STRATEGIES
from polydesk.tape import Tape
from polydesk.tape.journal import FILE_NAME as JOURNAL
from polydesk.tape.journal import JournalWriter, read_journal
from polydesk.tape.manifest import FILE_NAME as MANIFEST
from polydesk.tape.parts import GROUP_ROWS
from polydesk.tape.verdict import FILE_NAME as VERDICT
from polydesk.tape.verdict import Verdict, verdict_of, write_verdict

if TYPE_CHECKING:
    from polydesk.run.compiled_driver import CompiledDriver

RECORD_FORMAT = 1
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end a session in order."""

log = structlog.get_logger()
Look = Callable[[Machine, Progress], None]


class SessionConfig(Params):
    """The part of the configuration that decides what a session does; kept in its journal."""

    desk: DeskConfig = param(DeskConfig(), "-", "the desk")
    exchange: ExchangeConfig = param(ExchangeConfig(), "-", "the simulated exchange")


class SessionResult(msgspec.Struct, frozen=True):
    """How a session ended.

    Attributes:
        session: Its name.
        path: Its folder.
        reason: ``tape_end``, ``stopped`` or ``disk_full``.
        engine: What ran it: ``compiled`` or ``python``.
    """

    session: SessionId
    path: Path
    reason: str
    engine: str = "python"


def run_session(
    settings: Settings, tape: Tape, mode: str, look: Look, markets: tuple[int, ...] = (), engine: Engine = "python"
) -> SessionResult:
    """Run a new session over a tape.

    Args:
        settings: The whole configuration.
        tape: Its market input; the rows before its span only fill the books.
        mode: ``paper`` or ``backtest``; the same desk either way.
        look: Called with the running session several times a second.
        markets: The markets to trade, by index; all of the tape when empty.
        engine: What runs it; the journal is the same either way.

    Raises:
        ConfigError: The compiled loop was asked for and cannot run this.
        JournalError: The session's folder cannot be written.
        SessionError: The tape has no markets.
        TapeError: The tape is not what its manifest says.
    """
    if not tape.manifest.markets:
        raise SessionError(f"{tape.path}: the tape has no markets, there is nothing to trade")
    chosen = choose(settings, tape, engine)
    tape.check_hash()
    verdict = verdict_of(tape)
    config = SessionConfig(desk=settings.desk, exchange=with_hash(settings.exchange))
    name = _new_name(mode)
    folder = Path(settings.data_dir) / "sessions" / name
    header = SessionStarted(
        name, RECORD_FORMAT, mode, settings.run.seed, str(tape.path.resolve()), tape.manifest.sha256,
        tape.span, config.model_dump_json(), fingerprint(), time.time_ns(), markets,
    )  # fmt: skip
    try:
        journal = JournalWriter.create(folder / JOURNAL, header, sync_every_s=_sync_every_s(settings))
    except JournalFull as err:
        raise JournalFull(f"{folder.parent}: no space to begin a session; free space and start again") from err
    with _closing(journal, folder):
        _keep_facts(tape, verdict, folder)
        keep_latencies(config.exchange, folder)
        machine = begin(tape, config.desk, kept_exchange(config.exchange, folder), header.seed, markets)
        return _drive(settings, tape, header, folder, journal, machine, Recorder(journal), look, chosen)


def resume_session(settings: Settings, folder: Path, look: Look) -> SessionResult:
    """Continue a session after a crash or a halt; a finished session is left as it is.

    The journal, not the caller, decides configuration, seed and tape. A backtest goes as fast as it can; what was cut
    off while the compiled loop ran it is repeated by the compiled loop where nobody interfered from outside.

    Raises:
        SessionError: Its tape is gone or has changed.
        JournalError: Its journal is damaged or in use.
        Diverged: Repeating the recorded part gives something else, for example under other code.
    """
    journal, records = JournalWriter.resume(folder / JOURNAL, sync_every_s=_sync_every_s(settings))
    with _closing(journal, folder):
        header = records[0]
        if not isinstance(header, SessionStarted):
            raise SessionError(f"{folder}: the journal has no header")
        ended = records[-1]
        if isinstance(ended, SessionEnded):
            return SessionResult(header.session, folder, ended.reason)
        tape = session_tape(header)
        config = session_config(header)
        if not (folder / MANIFEST).exists():
            _keep_facts(tape, verdict_of(tape), folder)
        if not has_latencies(config.exchange, folder):
            keep_latencies(config.exchange, folder)
        machine = begin(tape, config.desk, kept_exchange(config.exchange, folder), header.seed, header.markets)
        recorder = _restore(folder, records, header, machine, journal)
        if header.mode == "backtest":
            settings = override(settings, ["run.speed=max"])
        engine = _engine_again(settings, config, tape, header, recorder)
        journal.append(SessionResumed(fingerprint(), time.time_ns()))
        return _drive(settings, tape, header, folder, journal, machine, recorder, look, engine)


def has_ended(folder: Path) -> bool:
    """Return whether a session is complete, so that there is nothing to continue."""
    return any(isinstance(record, SessionEnded) for record in read_journal(folder / JOURNAL))


def session_config(header: SessionStarted) -> SessionConfig:
    """Return the configuration a session ran with; strategies it did not know are off.

    Raises:
        SessionError: This program does not know a key or strategy of it any more.
    """
    config = msgspec.json.decode(header.config)
    known = config["desk"]["strategies"]
    for name in STRATEGIES:
        known.setdefault(name, {"enabled": False})
    try:
        return SessionConfig.model_validate_json(msgspec.json.encode(config))
    except ValidationError as err:
        wrong = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in err.errors())
        raise SessionError(
            f"session {header.session} ran with a configuration that this program does not accept ({wrong}); "
            "use the version it ran with"
        ) from err


def _restore(
    folder: Path, records: list[Record], header: SessionStarted, machine: Machine, journal: JournalWriter
) -> Recorder:
    expected = without_marks(records)
    kept = read_checkpoint(folder, header.fingerprint["code"], len(expected))
    if kept is None or fingerprint()["code"] != kept.code:
        return Recorder(journal, expected)
    restore_machine(kept, machine)
    return Recorder(journal, expected, kept.records)


def _engine_again(
    settings: Settings, config: SessionConfig, tape: Tape, header: SessionStarted, recorder: Recorder
) -> str:
    """Return what continues a session: the compiled loop begins at the beginning and takes no recorded commands."""
    if header.mode != "backtest" or recorder.met or recorder.any_from_outside():
        return "python"
    mine = settings.model_copy(update={"desk": config.desk, "exchange": config.exchange})
    return choose(mine, tape, "auto")


def _drive(
    settings: Settings, tape: Tape, header: SessionStarted, folder: Path, journal: JournalWriter, machine: Machine,
    recorder: Recorder, look: Look, engine: str = "python",
) -> SessionResult:  # fmt: skip
    last_row = machine.next_row

    def checkpoint() -> None:
        nonlocal last_row
        if machine.next_row - last_row >= settings.run.checkpoint_rows and not recorder.repeating:
            last_row = machine.next_row
            try:
                write_checkpoint(folder, machine, recorder.count, header.fingerprint["code"])
            except OSError as err:
                log.warning("checkpoint not written", file=str(folder / CHECKPOINT), error=err.strerror)

    speed = settings.run.speed if isinstance(settings.run.speed, float) else None
    first, stop = tape.span
    latest = Progress(machine.next_row, stop, machine.desk.state.now_ns, 0, 0, 0)

    def watch(progress: Progress) -> None:
        nonlocal latest
        latest = msgspec.structs.replace(progress, total=stop)
        publisher.look(machine, latest)
        look(machine, msgspec.structs.replace(latest, rows=latest.rows - first, total=stop - first))

    batch_rows = min(GROUP_ROWS, settings.run.checkpoint_rows)
    driver: Driver | CompiledDriver
    if engine == "compiled":
        driver = driver_type()(tape, machine, recorder, watch)
    else:
        driver = Driver(tape, machine, recorder, Pace(speed, time.monotonic_ns), watch, checkpoint, batch_rows)
    state = "halted"
    with _interruptible(driver, at_once=lambda: engine == "compiled" and recorder.repeating):
        # Whoever sees the live state may stop the session, so that it is heard before there is one.
        publisher = Publisher(folder, header, settings.run.live_state_hz)
        try:
            reason = driver.run()
            journal.append(SessionEnded(reason, journal.journal_sha256, time.time_ns(), machine.next_row - first))
            journal.commit()
            state = "ended"
        except JournalFull:
            journal.halt(SessionHalted("disk_full", time.time_ns()))
            return SessionResult(header.session, folder, "disk_full")
        except PolydeskError:
            with suppress(PolydeskError):
                journal.halt(SessionHalted("error", time.time_ns()))
            raise
        finally:
            publisher.finish(machine, latest, state)
    with suppress(FileNotFoundError):
        (folder / CHECKPOINT).unlink()
    return SessionResult(header.session, folder, reason, engine)


def _keep_facts(tape: Tape, verdict: Verdict | None, folder: Path) -> None:
    """Keep with the session what reports need should the tape be gone one day: its manifest and whether it is good."""
    try:
        shutil.copyfile(tape.path / MANIFEST, folder / MANIFEST)
        if verdict is not None:
            write_verdict(folder, verdict)
    except OSError as err:
        raise SessionError(
            f"{folder}: {MANIFEST} and {VERDICT} cannot be written ({err.strerror}); free space and start again"
        ) from err


def _sync_every_s(settings: Settings) -> float:
    """Return how long a commit may go without waiting for the disk.

    As fast as it goes, the venue lives in this very process and is repeated with it: what a power cut takes from the
    journal, a resumed session writes again. The write itself always comes before the send.
    """
    return 0.0 if isinstance(settings.run.speed, float) else settings.run.sync_every_ms / 1000


@contextmanager
def _closing(journal: JournalWriter, folder: Path) -> Iterator[None]:
    """Close the journal whatever happens, and name the session that a Ctrl-C left without its end."""
    try:
        yield
    except KeyboardInterrupt as err:
        if has_ended(folder):
            raise
        raise SessionInterrupted(folder) from err
    finally:
        # A full disk was reported by whoever met it; closing must still let go of the lock.
        with suppress(JournalFull):
            journal.close()


@contextmanager
def _interruptible(driver: "Driver | CompiledDriver", at_once: Callable[[], bool]) -> Iterator[None]:
    """Turn the first Ctrl-C, termination or closed terminal into an orderly stop; a second one interrupts at once.

    The first one does so as well while ``at_once`` says that there is nothing new to stop: what is being repeated was
    recorded without this command.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if at_once():
            raise KeyboardInterrupt
        driver.stop(signal.Signals(number).name)
        signal.signal(number, signal.default_int_handler)

    # Under nohup a closed terminal is ignored already, and stays so.
    heard = [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
    kept = {number: signal.signal(number, on_signal) for number in heard}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _new_name(mode: str) -> SessionId:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return SessionId(f"{mode}-{now}-{secrets.token_hex(3)}")
