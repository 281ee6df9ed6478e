"""The last chapters: the result in both columns, and the proof that it comes out the same again."""

from typing import Any

from polydesk.report.quantities import cash, count, gain
from polydesk.report.summary import Summary
from polydesk.run.replay import Verdict
from polydesk.run.story.chapter import Chapter

_WON = "One recording proves nothing about tomorrow; fees and minimum sizes are partly assumed."


def result_chapter(summary: Summary, facts: dict[str, Any], where: str) -> Chapter:
    """Tell the session's result; a broken sentinel takes the place of every number.

    Args:
        summary: The session in numbers.
        facts: Its final JSON.
        where: Option that makes a printed command find the session.
    """
    commands = (f"polydesk report {summary.header.session}{where}",)
    title = "The end: what it came to"
    if summary.broken:
        void = f"{summary.sentinels}. No PnL number of this session can be trusted."
        return Chapter("result", title, (void,), facts, good=False, commands=commands)
    columns = (summary.matched, summary.confirmed)
    rows = (
        ("closed trades", *(gain(column.realised_u6) for column in columns)),
        ("open shares at the bid", *(gain(column.unrealised_u6) for column in columns)),
        ("fees and rounding", *(gain(-column.fees_u6 - column.dust_u6) for column in columns)),
        ("PnL", *(gain(column.net_u6) for column in columns)),
    )
    net = summary.matched.net_u6
    if net is None:
        remark = "Open positions were never marked, so the result is unknown."
    elif net < 0:
        before = net + summary.matched.fees_u6 + summary.matched.dust_u6
        remark = (
            f"It lost money, {gain(before)} pUSD of it before costs. The strategies that come with the desk are worked "
            "examples: they show how everything fits together, not how to earn."
        )
    else:
        remark = _WON
    text = (
        f"PnL {gain(net)} pUSD matched, {gain(summary.confirmed.net_u6)} pUSD confirmed, after "
        f"{cash(summary.matched.fees_u6)} pUSD of fees in {count(summary.counts.fills)} fills. {remark}",
        "Accounting sentinels checked every movement of money and compared it with the exchange's own account: "
        f"{summary.sentinels}.",
    )
    return Chapter("result", title, text, facts, ("pUSD", ">matched", ">confirmed"), rows, commands=commands)


def proof_chapter(verdict: Verdict, session: str, journal_sha256: str, where: str) -> Chapter:
    """Tell what replaying the session gave."""
    if verdict.identical:
        told = (
            f"The tape and the recorded inputs were given to a fresh desk: all {count(verdict.compared)} decisions, "
            "refusals, orders, cancels and marks came out the same, and the exchange gave the same answers: identical."
        )
    else:
        told = f"NOT identical: {verdict.first_difference}"
    text = (
        told,
        f"The journal is a hash chain. Its hash {journal_sha256} covers the tape, every input and every output: the "
        "same tape, seed and configuration give the same hash.",
    )
    return Chapter(
        "proof",
        "The proof: once more, from the beginning",
        text,
        {"identical": verdict.identical, "compared": verdict.compared, "journal_sha256": journal_sha256},
        good=verdict.identical,
        commands=(f"polydesk replay {session} --verify{where}",),
    )
