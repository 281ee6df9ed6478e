"""Orders, fills and working orders with the fields a test does not care about filled in."""

from polydesk.model.ids import FillId, intent_id
from polydesk.model.orders import Intent, OrderType, Purpose, Side
from polydesk.model.records import Cause, Fill, Liquidity

SHARE = 1_000_000


def intent(number=1, *, market=0, token=0, side=Side.BUY, price=5000, size=10 * SHARE, kind=OrderType.GTC, **more):
    fields = {
        "strategy": "maker",
        "post_only": False,
        "purpose": Purpose.QUOTE,
        "reason": "",
        "expires_ns": 0,
        "why": (),
    }
    fields.update(more)
    return Intent(
        id=intent_id(number), market=market, token=token, side=side, type=kind, price_g4=price, size_u6=size, **fields
    )


def fill(
    number, *, order=1, market=0, token=0, side=Side.BUY, price=5000, size=10 * SHARE, fee=0, ts_ns=1, taker=False
):
    return Fill(
        0, ts_ns, FillId(f"fill-{number:06d}"), intent_id(order), market, token, side, price, size, fee,
        Liquidity.TAKER if taker else Liquidity.MAKER, Cause.BOOK if taker else Cause.PRINT, ts_ns,
    )  # fmt: skip
