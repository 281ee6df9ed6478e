"""The verdict of a look-ahead check in words and tables."""

from polydesk.report.quantities import count, utc_ms
from polydesk.report.tables import Table
from polydesk.research.lookahead import Verdict


def headline(verdict: Verdict) -> str:
    """Return the verdict, its reasons and what it rests on."""
    if verdict.clean:
        lines = [f"{verdict.strategy} does not look ahead: {count(verdict.decisions)} decisions, nothing changed."]
    elif verdict.peeks:
        lines = [f"{verdict.strategy} LOOKS AHEAD."]
    else:
        lines = [f"{verdict.strategy} cannot be trusted."]
    lines += [f"- {reason}." for reason in verdict.reasons]
    if verdict.span[0] or verdict.markets:
        number = len(verdict.markets)
        markets = f", {count(number)} market{'s' * (number > 1)}" if number else ""
        lines.append(f"Looked at: rows {count(verdict.span[0])} to {count(verdict.span[1])}{markets}.")
    if verdict.deterministic:
        lines.append("Two runs of all rows gave the same decisions, orders and refusals.")
    lines.append(_warm_up(verdict))
    if verdict.loaded:
        lines.append(f"While it was imported it {', '.join(verdict.loaded)}: see that no future is in there.")
    lines += [f"Not watched on this system: {what}." for what in verdict.unseen]
    if not verdict.decisions:
        lines.append("It decided nothing on this tape: the verdict says little, give a tape on which it trades.")
    return "\n".join(lines)


def cut_table(verdict: Verdict) -> Table:
    """Return each cut and what came out before it."""
    rows = tuple(
        (count(cut.row), utc_ms(cut.ts_ns), count(cut.compared), cut.difference or "the same") for cut in verdict.cuts
    )
    return Table("The tape cut off", (">before row", "time", ">decisions compared", "found"), rows)


def _warm_up(verdict: Verdict) -> str:
    warm_up = verdict.warm_up
    if not warm_up.answers:
        return "Warm-up: it was never asked in the last two thirds of the rows."
    told = f"Warm-up: started at row {count(warm_up.row)} instead of the first, with nothing held, "
    if not warm_up.differ:
        return f"{told}it gives the same answers from the start."
    share = f"{count(warm_up.differ)} of {count(warm_up.answers)} answers differ"
    if warm_up.settled_s is None:
        return f"{told}{share}, to the end: its state depends on the whole history."
    return f"{told}{share}, none after {warm_up.settled_s:,.0f} s."
