"""The drawn book: bars by size, the limit marked, readable without colour and without Unicode."""

import io

import pytest
from rich.console import Console

from polydesk.cli.demo_text import ladder_text, print_chapter
from polydesk.run.story import Chapter, Ladder

BOOK = Ladder(
    7, 0, 0, bids=((4800, 100_000_000), (4700, 50_000_000)), asks=((5000, 200_000_000), (5100, 1_000_000)),
)  # fmt: skip


class Ascii(io.StringIO):
    encoding = "ascii"


def drawn(ladder: Ladder, limit: tuple[int, int] | None, *, plain: bool = False) -> list[str]:
    console = Console(file=Ascii() if plain else io.StringIO(), width=80)
    return ladder_text(ladder, limit, console).plain.splitlines()


@pytest.mark.parametrize(("plain", "ask", "bid"), [(False, "▒", "█"), (True, "=", "#")])
def test_best_prices_meet_in_the_middle_and_bars_are_by_size(plain: bool, ask: str, bid: str) -> None:
    lines = drawn(BOOK, (5000, 1), plain=plain)
    assert [line.split()[:2] for line in lines] == [
        ["ask", "0.51"], ["ask", "0.50"], ["mid", "0.49,"], ["bid", "0.48"], ["bid", "0.47"]
    ]  # fmt: skip
    assert [line.count(ask) for line in lines] == [1, 28, 0, 0, 0]
    assert [line.count(bid) for line in lines] == [0, 0, 0, 14, 7]
    assert [("our limit" in line) for line in lines] == [False, True, False, False, False]
    assert "spread 0.02" in lines[2]


def test_a_limit_between_the_levels_is_told_below() -> None:
    assert drawn(BOOK, (4900, 1))[-1].split() == ["our", "limit:", "0.49"]
    assert not any("our limit" in line for line in drawn(BOOK, None))


def test_half_a_tick_and_an_empty_side() -> None:
    narrow = Ladder(7, 0, 0, bids=((4800, 1_000_000),), asks=((4801, 1_000_000),))
    assert "mid 0.48005, spread 0.0001" in drawn(narrow, None)[1]
    assert drawn(Ladder(7, 0, 0, bids=(), asks=((5000, 1),)), None)[-1].strip() == "one side is empty"


ROWS = (("orderbook_20260425.jsonl.gz", "trade-engine", "1,935", "8 min 43 s"), ("short", "raw", "12", "9 s"))
RECORDINGS = Chapter("told", "Told", ("Words.",), {}, columns=("recording", "format", ">records", ">length"), rows=ROWS)


@pytest.mark.parametrize("width", [20, 30, 36, 40, 44, 60, 80, 100])
def test_no_terminal_is_so_narrow_that_a_number_is_cut(width: int) -> None:
    file = io.StringIO()
    print_chapter(RECORDINGS, Console(file=file, width=width), 1)
    words = " ".join(file.getvalue().split())
    for number in ("1,935", "8 min 43 s", "9 s"):
        assert number in words
    assert all(len(line.rstrip()) <= width for line in file.getvalue().splitlines())
