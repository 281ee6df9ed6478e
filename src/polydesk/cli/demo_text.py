"""How ``polydesk demo`` looks in a terminal: chapters with rules, small tables and a drawn book."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from polydesk.model.grid import PRICE_ONE_G4
from polydesk.report.quantities import price, shares, utc_ms
from polydesk.run.story import Chapter, Ladder

_WIDEST = 100
_BAR = 28
_GAP = 2
_NARROWEST = 8
_BID, _ASK = "bright_blue", "yellow"
"""Told apart by nearly everybody; the words bid and ask and the pattern of the bars say it too."""


def story_console(console: Console) -> Console:
    """Keep lines short enough to read on a wide terminal."""
    console.width = min(console.width, _WIDEST)
    return console


def print_welcome(console: Console, *, pauses: bool) -> None:
    """Say what is going to happen."""
    told = "A real session on recorded Polymarket books, told step by step. No account, no key, no network."
    if pauses:
        told += "\nIt takes about a minute. Enter goes on at once, Ctrl-C leaves."
    if console.is_terminal:
        console.print(Panel(Text(told), title="polydesk demo", title_align="left", expand=False))
    else:
        console.print(Text(f"polydesk demo\n{told}"))


def print_chapter(chapter: Chapter, console: Console, number: int) -> None:
    """Print one step of the story."""
    console.print()
    console.rule(
        Text(f"{number}  {chapter.title}", style="bold"),
        align="left",
        characters="─" if console.is_terminal else "-",
        style="dim",
    )
    if chapter.ts_ns:
        console.print(Text(utc_ms(chapter.ts_ns), style="dim"))
    for paragraph in chapter.text:
        console.print(Text(paragraph, style=_mood(chapter, paragraph)))
    if chapter.ladder is not None:
        console.print()
        console.print(ladder_text(chapter.ladder, chapter.limit, console))
    if chapter.rows:
        console.print()
        console.print(_table(chapter, console.width))
    for command in chapter.commands:
        # Never wrapped by us, so that it can be copied.
        console.print(Text(f"$ {command}", style="cyan"), soft_wrap=True)


def print_farewell(console: Console, folder: Path, where: str, commands: Collection[str]) -> None:
    """Say where the session is and what to look at next, with ``commands`` that there are."""
    name = folder.name
    console.print()
    console.print(Text(f"The session stays in {folder}. Look at it:", style="bold"), soft_wrap=True)
    for command, what in (
        (f"report {name} --html report.html{where}", "one page with charts"),
        (f"explain ord-000001 --session {name}{where}", "any order, term by term"),
        (f"dashboard{where}", "in the browser"),
        ("init", "your own settings"),
    ):
        if command.split()[0] in commands:
            console.print(Text.assemble((f"$ polydesk {command}", "cyan"), (f"   # {what}", "dim")), soft_wrap=True)


def ladder_text(ladder: Ladder, limit: tuple[int, int] | None, console: Console) -> Text:
    """Draw a book: asks above bids, a bar per level, the order's limit marked."""
    plain = console.options.ascii_only
    largest = max((size for _, size in (*ladder.bids, *ladder.asks)), default=1)
    drawn = Text()
    marked = limit is None
    for word, style, glyph, levels in (
        ("ask", _ASK, "=" if plain else "▒", tuple(reversed(ladder.asks))),
        ("bid", _BID, "#" if plain else "█", ladder.bids),
    ):
        if word == "bid":
            drawn.append(f"       {_spread(ladder)}\n", style="dim")
        for level, size in levels:
            bar = glyph * max(1, round(_BAR * size / largest))
            drawn.append(f"  {word}  {price(level):>6}  {shares(size):>11}  ")
            drawn.append(bar, style=style)
            if limit is not None and level == limit[0]:
                drawn.append("  < our limit", style="bold")
                marked = True
            drawn.append("\n")
    if not marked and limit is not None:
        drawn.append(f"  our limit: {price(limit[0])}\n", style="bold")
    drawn.rstrip()
    return drawn


def _spread(ladder: Ladder) -> str:
    if not ladder.bids or not ladder.asks:
        return "one side is empty"
    bid, ask = ladder.bids[0][0], ladder.asks[0][0]
    # Half a step of the grid shows as a fifth decimal.
    return f"mid {(bid + ask) / (2 * PRICE_ONE_G4):.5f}".rstrip("0") + f", spread {price(ask - bid)}"


def _table(chapter: Chapter, width: int) -> Table | Text:
    """Return the rows side by side, or each as one sentence where that would cut numbers."""
    names = [column.lstrip(">") for column in chapter.columns]
    right = [column.startswith(">") for column in chapter.columns]
    cells = [max(len(cell) for cell in column) for column in zip(names, *chapter.rows, strict=True)]
    least = [widest if whole else min(widest, _NARROWEST) for widest, whole in zip(cells, right, strict=True)]
    if sum(least) + _GAP * (len(least) - 1) > width:
        told = ("; ".join(f"{name} {cell}" for name, cell in zip(names, row, strict=True)) for row in chapter.rows)
        return Text("\n".join(told))
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, _GAP, 0, 0))
    for name, number, narrowest in zip(names, right, least, strict=True):
        justify: Literal["left", "right"] = "right" if number else "left"
        table.add_column(name, justify=justify, no_wrap=number, overflow="fold", min_width=narrowest)
    for row in chapter.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _mood(chapter: Chapter, paragraph: str) -> str:
    """Return the style of a paragraph: the verdict of a check stands out, and not by colour alone."""
    if chapter.good is False:
        return "bold red"
    return "bold" if chapter.good and paragraph == chapter.text[-1] and paragraph.startswith("Verdict") else ""
