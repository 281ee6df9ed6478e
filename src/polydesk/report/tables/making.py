"""What making earned and cost, one figure per line."""

from collections.abc import Sequence

from polydesk.report.prices import HORIZONS_S
from polydesk.report.quality import Quality
from polydesk.report.quantities import cash, count, gain, share_of
from polydesk.report.study.build import Study
from polydesk.report.study.rewards import payable_u6
from polydesk.report.summary import Summary
from polydesk.report.tables.shape import Table
from polydesk.report.tables.study import per_share_text
from polydesk.report.words import ENGLISH, Words

Line = tuple[str, str, str]


def queue_text(summary: Summary, words: Words = ENGLISH) -> str:
    """Return the name of the queue rule that the session's configuration names; the pessimistic one otherwise."""
    found = summary.config.get("exchange")
    rule = found.get("queue_model", "pessimistic") if isinstance(found, dict) else "pessimistic"
    return words.named("queue", str(rule))


def making_table(summary: Summary, qualities: Sequence[Quality], words: Words = ENGLISH) -> Table:
    """Spread captured, adverse selection, quoted time, rebates, rewards, failures and inventory."""
    columns = words.columns("figure", ">number", "remark")
    study = summary.study
    if study is None or not (summary.fills or (study.market and study.market.uptime)):
        return Table(words("making.title"), columns, ())
    rows = [*_spreads(qualities, words), _mix(summary, words)]
    if summary.header.mode != "live":
        rows.append((words("making.queue"), queue_text(summary, words), ""))
    rows += [*_uptime(study, words), *_income(study, words), *_ends(study, words)]
    if summary.broken:
        rows = [(name, words("broken"), "") for name, _, _ in rows]
    return Table(words("making.title"), columns, tuple(rows), note=words("making.note"))


def _spreads(qualities: Sequence[Quality], words: Words) -> list[Line]:
    found = {line.key: line for line in qualities}
    out: list[Line] = []
    maker, taker = found.get("maker"), found.get("taker")
    if maker:
        remark = words("making.captured_remark", price=per_share_text(maker.gain_u6[0], maker.measured_u6[0]))
        out.append((words("making.captured"), gain(maker.gain_u6[0]), remark))
        for horizon in HORIZONS_S:
            cost, measured = maker.adverse_u6[horizon], maker.measured_u6[horizon]
            told = words("making.adverse_remark", price=per_share_text(cost, measured))
            out.append((words("making.adverse", n=horizon), cash(cost), told))
    if taker:
        told = words("making.paid_remark", price=per_share_text(-taker.gain_u6[0], taker.measured_u6[0]))
        out.append((words("making.paid"), cash(-taker.gain_u6[0]), told))
    return out


def _mix(summary: Summary, words: Words) -> Line:
    made = summary.performance
    remark = words("making.mix_remark", share=share_of(made.maker_u6, made.turnover_u6))
    return words("making.mix"), share_of(made.maker_fills, made.fills), remark


def _uptime(study: Study, words: Words) -> list[Line]:
    found = study.market.uptime if study.market else ()
    whole = sum(up.open_ns for up in found)
    if not whole:
        return []
    bid, ask, both = (
        share_of(sum(getattr(up, f"{side}_ns") for up in found), whole) for side in ("bid", "ask", "both")
    )
    value = words("making.uptime_value", bid=bid, ask=ask, both=both)
    return [(words("making.uptime"), value, words("making.uptime_remark", span=words.span(whole)))]


def _income(study: Study, words: Words) -> list[Line]:
    booked = cash(study.rebates.booked_u6)
    out = [
        (words("making.rebate"), cash(study.rebates.due_u6), words("making.rebate_remark", booked=booked)),
    ]
    rewards = study.market.rewards if study.market else ()
    if rewards:
        income, low = map(cash, payable_u6(rewards))
        out.append((words("making.reward"), income, words("making.reward_remark", low=low)))
    return out


def _ends(study: Study, words: Words) -> list[Line]:
    failed, held = study.failed, study.inventory
    told = words("making.failed_remark", of=count(failed.of), cash=cash(failed.notional_u6))
    value = words("making.inventory_value", lost=cash(held.lost_u6), gained=cash(held.gained_u6))
    remark = words("making.inventory_remark", n=count(held.positions), cost=cash(held.cost_u6))
    return [(words("making.failed"), count(failed.fills), told), (words("making.inventory"), value, remark)]
