"""Runs of the look-ahead check, each in a process of its own: nothing a strategy keeps outside its state survives it.

Usage: ``python -m polydesk.research.lookahead_worker FOLDER``: reads ``requests`` there, writes ``result-N`` for each,
in msgpack, and prints ``N`` when it begins one. A run is a fork, made before any strategy or tape has been opened.
"""

import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from polydesk.desk import DeskConfig
from polydesk.desk.guard import guarded
from polydesk.desk.views import views_of
from polydesk.exchange import ExchangeConfig
from polydesk.kernel import WakeBit, advance
from polydesk.kernel.jit import make_ready
from polydesk.model.errors import PolydeskError
from polydesk.model.grid import FAR_NS
from polydesk.model.records import Input, Output, is_input
from polydesk.research.lookahead_load import load_strategy
from polydesk.research.lookahead_watch import TapeWatch, Touched
from polydesk.run.begin import begin
from polydesk.run.driver import Driver, Machine
from polydesk.run.pace import Pace
from polydesk.run.recorder import Recorder
from polydesk.signals import Quotes, Signal, Strategy, View, Wait
from polydesk.strategies.compiled import decide as compiled_decide
from polydesk.tape import Tape, open_tape


class Request(msgspec.Struct, frozen=True):
    """What to run.

    Attributes:
        strategy: As ``load_strategy`` takes it.
        params: Its parameters that differ from their defaults.
        tape: Folder that the run reads; a copy, so that whoever opens the original is not the run itself.
        original: Folder the user named; watched.
        begin: First row to trade on; those before it fill the books.
        stop: Rows there are: the tape is cut before row ``stop``.
        markets: To trade, by index; all when empty.
        first: The strategy sleeps before this row.
        dry: Ask the strategy only, without orders; for warm-up.
        desk: Desk configuration as JSON.
        exchange: Exchange configuration as JSON.
        seed: Of everything random.
    """

    strategy: str
    params: dict[str, Any]
    tape: str
    original: str
    begin: int
    stop: int
    markets: tuple[int, ...]
    first: int
    dry: bool
    desk: str
    exchange: str
    seed: int


class Ran(msgspec.Struct, frozen=True):
    """What came out.

    Attributes:
        outputs: Everything the desk put out, marks included.
        answers: In a dry run: row, time, market and answer, as text.
        deciding: What the strategy touched outside its view while it was asked.
        loading: Files it opened while it was loaded.
        tape: Files of the tape that were opened.
        unseen: Witnesses this system does not have.
        error: Why it could not run; empty when it did.
    """

    outputs: list[Output] = []
    answers: list[tuple[int, int, int, str]] = []
    deciding: list[str] = []
    loading: list[str] = []
    tape: list[str] = []
    unseen: list[str] = []
    error: str = ""


def cut_tape(tape: Tape, begin: int, stop: int) -> Tape:
    """Return a tape that ends before row ``stop``, from row ``begin`` to trade on.

    Nothing of it tells that there was more, or how a market ended after it.
    """
    whole = tape.manifest
    last_ns = int(next(iter(tape.batches(stop - 1, stop)))[-1]["ts_ns"])
    known = whole.resolutions
    if stop < whole.rows:
        known = tuple(told for told in known if told.at_ns <= last_ns)
    cut = msgspec.structs.replace(whole, rows=stop, last_ts_ns=last_ns, resolutions=known)
    return Tape(tape.path, cut, (begin, stop))


class Watched(Strategy[Any, Any]):
    """A strategy whose every call is listened to."""

    def __init__(self, inner: Strategy[Any, Any], touched: Touched) -> None:
        super().__init__(inner.params)
        self._inner = inner
        self._touched = touched
        self.name = inner.name  # type: ignore[misc]
        self.state_type = inner.state_type  # type: ignore[misc]

    def decide(self, view: View, state: Any) -> Any:
        """Ask the strategy."""
        before = self._touched.begin()
        try:
            return self._inner.decide(view, state)
        finally:
            self._touched.end(before)

    def closes(self, view: View, state: Any, token: int) -> str:
        """Ask the strategy about an exit."""
        before = self._touched.begin()
        try:
            return self._inner.closes(view, state, token)
        finally:
            self._touched.end(before)


class _Kept(Recorder):
    """Keeps what the desk puts out."""

    def __init__(self) -> None:
        super().__init__(None)
        self.outputs: list[Output] = []

    def take(self, record: Input | Output) -> None:
        """Keep an output."""
        if not is_input(record):
            self.outputs.append(record)  # type: ignore[arg-type]


def run(request: Request) -> Ran:
    """Run a strategy over a tape, cut where the request says, and report what it did and touched."""
    tape = cut_tape(open_tape(request.tape), request.begin, request.stop)
    desk = DeskConfig.model_validate_json(request.desk)
    exchange = ExchangeConfig.model_validate_json(request.exchange)
    machine = begin(tape, desk, exchange, request.seed, request.markets)
    # Machine code is loaded when it is first asked for: that is no file the strategy opened.
    make_ready(compiled_decide)
    watch = TapeWatch(Path(request.original))
    touched = Touched()
    with touched.loads():
        strategy = load_strategy(request.strategy, request.params)
    machine.desk.strategies.clear()
    machine.desk.strategies[strategy.name] = Watched(strategy, touched)
    kept = _Kept()
    answers: list[tuple[int, int, int, str]] = []
    if request.dry:
        answers = list(_answers(machine, tape, request.first))
    else:
        Driver(tape, machine, kept, Pace(None, lambda: 0), lambda _: None, lambda: None).run()
    return Ran(
        kept.outputs,
        answers,
        list(touched.deciding),
        list(touched.loading),
        watch.opened(),
        [] if watch.works else ["files of the tape opened by libraries (needs inotify)"],
    )


def _answers(machine: Machine, tape: Tape, first: int) -> Iterator[tuple[int, int, int, str]]:
    """Ask the strategy at every wake from row ``first``, with nothing held and no order at work."""
    desk, books, wake = machine.desk, machine.books, machine.wake
    (strategy,) = desk.strategies.values()
    for rows in tape.batches():
        index = 0
        while index < len(rows):
            index = advance(books, machine.own, machine.fills, wake, rows, index, len(rows), FAR_NS)
            market, last = int(wake.out[0]), rows[index - 1]
            if market >= 0 and int(wake.out[1]) & ~WakeBit.OWN and int(last["seq"]) >= first:
                desk.state.now_ns = int(last["ts_ns"])
                view = views_of(desk, market)[strategy.name]
                memory = desk.memory_of(strategy, market)
                answer = guarded(desk, strategy.name, market, strategy.decide, view, memory)
                yield int(last["seq"]), desk.state.now_ns, market, _text(answer)


def _text(answer: object) -> str:
    """Write an answer as far as it matters: prices and sizes of quotes, token and rough conviction of a signal."""
    if isinstance(answer, Quotes):
        return "quote " + " ".join(f"{int(q.side)}:{q.token}:{q.price_g4}:{q.size_u6}" for q in answer.quotes)
    if isinstance(answer, Signal):
        return f"buy {answer.token} {answer.confidence:.2f}"
    return f"hold {answer.reason}" if isinstance(answer, Wait) else "error"


def main(folder: Path) -> int:
    """Do every request in turn; return 1 when one of them ended in an error that is not ours."""
    requests = msgspec.msgpack.decode((folder / "requests").read_bytes(), type=list[Request])
    for number, request in enumerate(requests):
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            _leave_after(request, folder / f"result-{number}")
        if os.waitpid(child, 0)[1]:
            return 1
    return 0


def _leave_after(request: Request, result: Path) -> NoReturn:
    code = 1
    # What a strategy prints is not for the one who waits for numbers.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    try:
        try:
            found = run(request)
        except PolydeskError as err:
            found = Ran(error=str(err))
        result.write_bytes(msgspec.msgpack.encode(found))
        code = 0
    finally:
        # A forked child must not return into its parent's work, whatever the strategy raised, SystemExit included.
        if code:
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
