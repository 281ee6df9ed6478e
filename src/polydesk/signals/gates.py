"""The cost gate: an expected edge must pay for the trade, always."""

from polydesk.model.fees import FeeSchedule
from polydesk.model.grid import SHARE_U6
from polydesk.model.orders import Term
from polydesk.model.params import Params, param


class CostParams(Params):
    """What an edge must cover beyond fee and half spread."""

    risk_premium: float = param(0.005, "price", "edge wanted beyond all costs", low=0, high=1, tunable=True)


def cost_terms(
    fees: FeeSchedule, ts_ns: int, token_bid_g4: int, token_ask_g4: int, params: CostParams
) -> tuple[Term, ...]:
    """Return the costs of buying one share at the ask, in price units: half spread, fee, risk premium.

    Args:
        fees: The market's dated schedule.
        ts_ns: Virtual time.
        token_bid_g4: Best bid of the token.
        token_ask_g4: Best ask of the token.
        params: The premium.
    """
    fee = fees.taker_fee_u6(ts_ns, token_ask_g4, 1_000 * SHARE_U6) / (1_000 * 1e6)
    return (
        Term("half_spread", (token_ask_g4 - token_bid_g4) / 20_000),
        Term("taker_fee", fee),
        Term("risk_premium", params.risk_premium),
    )
