"""Whether a tape is good data, in a few numbers that are kept beside it and with every session that ran on it."""

import secrets
import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from polydesk.tape.manifest import FORMAT
from polydesk.tape.reader import Tape
from polydesk.tape.verify import Verification, verify

VERSION = 1
"""Version of the rules by which a tape is judged; a verdict by other rules is made anew."""

FILE_NAME = "verdict.json"

MOST_ROWS = 20_000_000
"""A longer tape is judged only on demand (``polydesk tape verify``): it would hold up a session by half a minute."""


class Verdict(msgspec.Struct, frozen=True):
    """What ``verify`` found, in short.

    Attributes:
        sha256: Content hash of the tape it is about.
        version: Rules it was made by, see ``VERSION``.
        format: Layout of the tape, see ``polydesk.tape.manifest.FORMAT``.
        ok: The tape is good data as far as that can be told.
        witness: ``best_prices`` when books could be compared with the venue's own best prices, else ``none``.
        problems: Why it is not ok, in words.
        compared: Best prices compared.
        mismatched: Of those, how many differ from the rebuilt books.
        minutes: UTC minutes that could be judged.
        bad_minutes: Of those, how many are bad.
    """

    sha256: str
    version: int
    format: int
    ok: bool
    witness: str
    problems: tuple[str, ...]
    compared: int
    mismatched: int
    minutes: int
    bad_minutes: int


def verdict_of(tape: Tape, *, keep: bool = True, progress: Callable[[int, int], None] | None = None) -> Verdict | None:
    """Return the verdict on a tape: the kept one when it is about this content and by today's rules, else a new one.

    A kept verdict trusts the manifest's content hash: call ``Tape.check_hash`` where the rows may have been changed.

    Args:
        tape: The tape.
        keep: Whether a new verdict is written beside the manifest; where that is impossible it is made anew next time.
        progress: Called with rows read and rows in all while a new one is made.

    Returns:
        ``None`` for a tape of more than ``MOST_ROWS`` rows on which no verdict is kept.

    Raises:
        TapeError: A file of the tape is damaged.
    """
    kept = read_verdict(tape.path)
    if kept is not None and (kept.sha256, kept.version, kept.format) == (tape.manifest.sha256, VERSION, FORMAT):
        return kept
    if tape.manifest.rows > MOST_ROWS:
        return None
    found = verify(tape, progress)
    return keep_verdict(tape, found) if keep else _short(tape, found)


def keep_verdict(tape: Tape, found: Verification) -> Verdict:
    """Write the verdict of a check beside the tape's manifest, where the folder can be written, and return it.

    Rows that are not those of the manifest are somebody else's: on them nothing is kept.
    """
    verdict = _short(tape, found)
    if found.hash_ok:
        # It can be computed again at any time, so a folder that takes no file only costs that time.
        with suppress(OSError):
            write_verdict(tape.path, verdict)
    return verdict


def write_verdict(folder: Path, verdict: Verdict) -> None:
    """Write ``verdict.json`` into ``folder`` so that it is there completely or not at all.

    Raises:
        OSError: The folder cannot be written.
    """
    draft = folder / f".{FILE_NAME}.{secrets.token_hex(4)}"
    try:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(verdict), indent=2) + b"\n")
        draft.replace(folder / FILE_NAME)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


def read_verdict(folder: Path) -> Verdict | None:
    """Return the verdict kept in the folder of a tape or of a session; ``None`` when none there can be read."""
    try:
        return msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=Verdict)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def warning_text(verdict: Verdict | None, tape: Path | str = "DIR") -> str:
    """Return what to tell before or after trading on a tape; empty when it is good data as far as can be told.

    Args:
        verdict: As kept; ``None`` when the tape was never judged.
        tape: Its folder, for the command that tells more.
    """
    command = f"polydesk tape verify {shlex.quote(str(tape))}"
    if verdict is None:
        return f"nobody has checked yet whether this tape is good data ({command})"
    if verdict.ok:
        return ""
    why = "; ".join(verdict.problems)
    return f"the tape is not good data: {why}; what a session earns on it proves little ({command})"


def _short(tape: Tape, found: Verification) -> Verdict:
    return Verdict(
        sha256=tape.manifest.sha256,
        version=VERSION,
        format=FORMAT,
        ok=found.ok,
        witness=found.witness,
        problems=found.problems,
        compared=found.compared,
        mismatched=found.mismatched,
        minutes=found.judged_minutes,
        bad_minutes=len(found.bad_minutes),
    )
