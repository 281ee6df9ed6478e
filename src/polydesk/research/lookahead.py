"""Does a strategy know the future? The same session again with the tape cut off: what came before must not change.

Every run has a process of its own and works on a copy of the tape, so that a file opened in the original folder was
opened by the strategy. A strategy that decides by its view and its state alone passes; one that looks at the tape's
files, at rows that have not happened, at a clock or at dice does not.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from polydesk.model.errors import ConfigError, TapeError
from polydesk.model.records import Marked, Output
from polydesk.research.lookahead_worker import Ran, Request
from polydesk.run.settings import Settings
from polydesk.tape import Tape

Tell = Callable[[str], None]


class Cut(msgspec.Struct, frozen=True):
    """One cut of the tape.

    Attributes:
        row: The tape ended before this row.
        ts_ns: Time of the last row there was.
        compared: Decisions, refusals, orders and cancels before it, in the whole run.
        difference: The first that came out otherwise; empty when all are the same.
    """

    row: int
    ts_ns: int
    compared: int
    difference: str


class WarmUp(msgspec.Struct, frozen=True):
    """How much the strategy's answers depend on how long it has been running.

    Attributes:
        row: The strategy slept before this row.
        answers: Answers afterwards, with nothing held.
        differ: How many of them are not those of a strategy that never slept.
        settled_s: Seconds after waking from which all agree; ``None`` when they differ to the end.
    """

    row: int
    answers: int
    differ: int
    settled_s: float | None


class Verdict(msgspec.Struct, frozen=True):
    """What the check found.

    Attributes:
        strategy: As given.
        clean: Whether nothing speaks against it.
        peeks: Whether its decisions depend on rows that had not happened, or it opened the tape.
        deterministic: Whether a second run did the same.
        rows: Rows of the tape, or of the stretch of it that was looked at.
        span: The first of them and the row to stop before.
        markets: Those that could be traded, by index; all when empty.
        decisions: Decisions, refusals, orders and cancels of the whole run.
        cuts: Each cut.
        repeated: The first difference of the second run; empty when there is none.
        tape_opened: Files of the tape it opened.
        touched: What else it touched while it was asked.
        loaded: Files it opened while it was imported; not judged, for a model has to come from somewhere.
        warm_up: How its answers depend on when it began.
        unseen: What this system cannot watch.
        reasons: Why it is not clean, in sentences.
    """

    strategy: str
    clean: bool
    peeks: bool
    deterministic: bool
    rows: int
    span: tuple[int, int]
    markets: tuple[int, ...]
    decisions: int
    cuts: tuple[Cut, ...]
    repeated: str
    tape_opened: tuple[str, ...]
    touched: tuple[str, ...]
    loaded: tuple[str, ...]
    warm_up: WarmUp
    unseen: tuple[str, ...]
    reasons: tuple[str, ...]


def check_lookahead(
    settings: Settings,
    tape: Tape,
    strategy: str,
    params: dict[str, Any],
    cuts: int = 3,
    tell: Tell = lambda _: None,
    markets: tuple[int, ...] = (),
) -> Verdict:
    """Run a strategy over a tape and over cuts of it, and compare.

    Args:
        settings: Desk, exchange and ``run.seed``; the seed also draws the cuts. Strategies in it are ignored.
        tape: Its market input: at least 100 rows of its span; those before fill the books.
        strategy: As ``load_strategy`` takes it.
        params: Its parameters that differ from their defaults.
        cuts: How many times the tape is cut, at least 1.
        tell: Told what is being done.
        markets: To trade, by index; all when empty.

    Raises:
        ConfigError: There is no such strategy, or it cannot be made.
        TapeError: The tape is too short or cannot be copied.
    """
    first, stop = tape.span
    rows = stop - first
    if rows < 100:
        raise TapeError(f"{tape.path}: {rows} rows from {first} to {stop} are too few to cut; choose at least 100")
    places = [first + place for place in cut_rows(rows, cuts, settings.run.seed)]
    asleep = first + rows // 3
    with _copied(tape) as copy:
        plain = _request(settings, tape, copy, strategy, params, markets)
        dry = msgspec.structs.replace(plain, dry=True)
        asked = [(f"everything, {rows:,} rows", plain)]
        asked += [(f"cut before row {place:,}", msgspec.structs.replace(plain, stop=place)) for place in places]
        asked += [("with nothing held", dry), (f"asleep until {asleep:,}", msgspec.structs.replace(dry, first=asleep))]
        whole, *cut, awake, slept = _run(asked, 1, tell)
        (again,) = _run([("everything again", plain)], 2, tell)
    warm_up = _warm_up(asleep, awake, slept)
    return _judge(strategy, tape, markets, whole, again, list(zip(places, cut, strict=True)), warm_up)


def cut_rows(rows: int, cuts: int, seed: int) -> list[int]:
    """Draw where to cut: one place in each of ``cuts`` equal parts of the tape behind its first tenth, in order."""
    draw = random.Random(seed)  # noqa: S311 - places on a tape, not a secret
    low = rows // 10
    width = (rows - low) / cuts
    return [min(rows - 1, low + 1 + int((part + draw.random()) * width)) for part in range(cuts)]


def _request(
    settings: Settings, tape: Tape, copy: Path, strategy: str, params: dict[str, Any], markets: tuple[int, ...]
) -> Request:
    return Request(
        strategy, params, str(copy), str(tape.path.resolve()), *tape.span, markets, 0, dry=False,
        desk=settings.desk.model_dump_json(), exchange=settings.exchange.model_dump_json(), seed=settings.run.seed,
    )  # fmt: skip


def _run(asked: Sequence[tuple[str, Request]], hash_seed: int, tell: Tell) -> list[Ran]:
    """Let one worker do the requests in turn.

    Each worker hashes texts another way: a decision that depends on the order of a set is not deterministic.
    """
    surroundings = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    with tempfile.TemporaryDirectory(prefix="polydesk-lookahead-") as name, tempfile.TemporaryFile("w+") as trouble:
        folder = Path(name)
        (folder / "requests").write_bytes(msgspec.msgpack.encode([request for _, request in asked]))
        command = [sys.executable, "-m", "polydesk.research.lookahead_worker", name]
        with subprocess.Popen(  # noqa: S603 - this very program
            command, env=surroundings, stdout=subprocess.PIPE, stderr=trouble, text=True
        ) as worker:
            for line in worker.stdout or ():
                if line.strip().isdecimal():
                    tell(asked[int(line)][0])
        if worker.returncode:
            trouble.seek(0)
            last = (trouble.read().strip().splitlines() or ["no message"])[-1]
            raise ConfigError(f"--strategy {asked[0][1].strategy} cannot be run: {last}")
        results = [folder / f"result-{number}" for number in range(len(asked))]
        found = [msgspec.msgpack.decode(path.read_bytes(), type=Ran) for path in results]
    for ran in found:
        if ran.error:
            raise ConfigError(ran.error)
    return found


@contextmanager
def _copied(tape: Tape) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="polydesk-lookahead-") as folder:
        copy = Path(folder) / "tape"
        try:
            shutil.copytree(tape.path, copy)
        except OSError as err:
            raise TapeError(f"{tape.path}: cannot be copied to {folder} ({err.strerror}); free space") from err
        yield copy


def _judge(
    strategy: str,
    tape: Tape,
    markets: tuple[int, ...],
    whole: Ran,
    again: Ran,
    cut: Sequence[tuple[int, Ran]],
    warm_up: WarmUp,
) -> Verdict:
    runs = (whole, again, *(ran for _, ran in cut))
    cuts = tuple(_compare(tape, place, whole, ran) for place, ran in cut)
    repeated = _first(_said(whole), _said(again))
    opened = _union(ran.tape for ran in runs)
    touched = _union(ran.deciding for ran in runs)
    changed = [one for one in cuts if one.difference]
    reasons = []
    if changed and not repeated:
        reasons.append(f"it knows the future: with the tape cut before row {changed[0].row:,}, {changed[0].difference}")
    if opened:
        reasons.append(f"it opened the tape itself: {', '.join(Path(name).name for name in opened)}")
    if touched:
        reasons.append(f"while it was asked it {', '.join(touched[:3])}; a decision may use its view and state only")
    if repeated:
        reasons.append(f"a second run of the same tape did something else: {repeated}")
    if repeated and changed:
        reasons.append(
            "so its differences under the cuts say nothing of the future; make it deterministic and check again"
        )
    failed = next((r for r in whole.outputs if type(r).__name__ == "StrategyFailed"), None)
    if failed is not None:
        reasons.append(f"it raised an error: {getattr(failed, 'error', '')}")
    return Verdict(
        strategy,
        clean=not reasons,
        peeks=bool(opened or (changed and not repeated)),
        deterministic=not repeated,
        rows=tape.span[1] - tape.span[0],
        span=tape.span,
        markets=markets,
        decisions=len(_said(whole)),
        cuts=cuts,
        repeated=repeated,
        tape_opened=opened,
        touched=touched,
        loaded=_union(ran.loading for ran in runs),
        warm_up=warm_up,
        unseen=_union(ran.unseen for ran in runs),
        reasons=tuple(reasons),
    )


def _compare(tape: Tape, place: int, whole: Ran, ran: Ran) -> Cut:
    """Compare what came before the last row of a cut tape; after that row the recording is over for one of them."""
    last = place - 1
    one = [record for record in _said(whole) if record.seq < last]
    two = [record for record in _said(ran) if record.seq < last]
    ts_ns = int(next(iter(tape.batches(last, place)))[0]["ts_ns"])
    return Cut(place, ts_ns, len(one), _first(one, two))


def _said(ran: Ran) -> list[Output]:
    return [record for record in ran.outputs if not isinstance(record, Marked)]


def _first(one: Sequence[Output], two: Sequence[Output]) -> str:
    for a, b in zip(one, two, strict=False):
        if a != b:
            return _changed(a, b)
    if len(one) != len(two):
        return f"{len(two)} decisions came out instead of {len(one)}"
    return ""


def _changed(one: Output, two: Output) -> str:
    """Return what a record was with the whole tape and what it is now, down to the fields that differ."""
    where = f"{type(one).__name__} after row {one.seq:,}"
    if type(one) is not type(two):
        return f"{where} became {type(two).__name__} after row {two.seq:,}"
    before, after = msgspec.to_builtins(one), msgspec.to_builtins(two)
    fields = [f"{name} {before[name]!r} became {after[name]!r}" for name in before if before[name] != after[name]]
    return f"{where}: {'; '.join(fields[:3])}"


def _warm_up(row: int, awake: Ran, slept: Ran) -> WarmUp:
    before = {(seq, market): text for seq, _, market, text in awake.answers if seq >= row}
    differ = [ts_ns for seq, ts_ns, market, text in slept.answers if before.get((seq, market)) != text]
    settled: float | None = 0.0
    if differ:
        after = [ts_ns for _, ts_ns, _, _ in slept.answers if ts_ns > differ[-1]]
        settled = (after[0] - slept.answers[0][1]) / 1e9 if after else None
    return WarmUp(row, len(slept.answers), len(differ), settled)


def _union(lists: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry for entries in lists for entry in entries))
