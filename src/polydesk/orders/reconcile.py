"""From target quotes to the fewest venue calls."""

import msgspec

from polydesk.model.ids import IntentId
from polydesk.model.orders import Side, Term
from polydesk.orders.working import LEAVING, WorkingOrder


class Quote(msgspec.Struct, frozen=True, gc=False):
    """A resting order a strategy wants to have: at most one on each side of the market's one book.

    Attributes:
        token: 0 or 1.
        side: Buy or sell of that token.
        price_g4: On the token's grid.
        size_u6: Micro-shares.
        why: Named terms that add up to the price.
    """

    token: int
    side: Side
    price_g4: int
    size_u6: int
    why: tuple[Term, ...]


class Plan(msgspec.Struct, frozen=True, gc=False):
    """Calls that turn the working orders into the targets: cancels first, then new quotes."""

    cancel: tuple[IntentId, ...]
    place: tuple[Quote, ...]


_NOTHING = Plan((), ())


def reconcile(
    targets: tuple[Quote, ...], working: list[WorkingOrder], price_tolerance_g4: int, min_size_u6: int, epoch: int = 0
) -> Plan:
    """Compare what is wanted with what works and plan the difference.

    An order is kept while it is the same token's, its price is within ``price_tolerance_g4`` of the target, its
    remaining size is between the venue's minimum and the target size, and the tick has not changed since it was sent. A
    quote is placed only when nothing of the strategy works on that side of the book any more, on either token: an order
    whose cancel is not answered may still be filled, so its successor waits for the answer. The bid of the one book
    is placed before its ask, however the targets are ordered.

    Args:
        targets: Wanted quotes of one strategy in one market.
        working: That strategy's orders in that market.
        price_tolerance_g4: How far a working order may be from its target, on the grid.
        min_size_u6: An order with less left than this is replaced when the target asks for more.
        epoch: The market's tick epoch now.
    """
    # A bid of the one book is a buy of token 0 or a sale of token 1.
    wanted = {(quote.token == 0) is (quote.side is Side.BUY): quote for quote in targets}
    cancel: list[IntentId] = []
    busy: list[bool] = []
    for order in working:
        intent = order.intent
        side = (intent.token == 0) is (intent.side is Side.BUY)
        busy.append(side)
        if order.state in LEAVING:
            continue
        if order.epoch != epoch or not _good(order, wanted.get(side), price_tolerance_g4, min_size_u6):
            cancel.append(intent.id)
    place = [wanted[side] for side in (True, False) if side in wanted and side not in busy]
    return Plan(tuple(cancel), tuple(place)) if cancel or place else _NOTHING


def _good(order: WorkingOrder, target: Quote | None, tolerance_g4: int, min_size_u6: int) -> bool:
    intent = order.intent
    if target is None or intent.token != target.token or abs(intent.price_g4 - target.price_g4) > tolerance_g4:
        return False
    left = order.left_u6
    return left <= target.size_u6 and (left >= min_size_u6 or left == target.size_u6)
