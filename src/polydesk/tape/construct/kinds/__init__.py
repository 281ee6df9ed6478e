"""One file per kind of constructed tape. To add one, write the file and name it here."""

from polydesk.tape.construct.kinds.calm import CALM
from polydesk.tape.construct.kinds.crossed_feed import CROSSED_FEED
from polydesk.tape.construct.kinds.depth import DEEP, THIN
from polydesk.tape.construct.kinds.dispute import DISPUTE
from polydesk.tape.construct.kinds.neg_risk import NEG_RISK
from polydesk.tape.construct.kinds.news import NEWS
from polydesk.tape.construct.kinds.settlement_mix import SETTLEMENT_MIX
from polydesk.tape.construct.kinds.tick_change import TICK_CHANGE
from polydesk.tape.construct.kinds.two_venues import TWO_VENUES
from polydesk.tape.construct.plan import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        CALM, THIN, DEEP, NEWS, TICK_CHANGE, NEG_RISK, DISPUTE, SETTLEMENT_MIX, CROSSED_FEED, TWO_VENUES,
    )
}  # fmt: skip
"""Every kind by its name."""
