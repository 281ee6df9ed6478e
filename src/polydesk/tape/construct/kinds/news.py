"""News: quiet markets in which items move the price at once, and makers see it late."""

from polydesk.model.grid import NS_PER_S
from polydesk.tape.construct.facts import constructed_market
from polydesk.tape.construct.fair import ONE_E12, STEP_NS, Path, comes_true, diffuse, from_g4, multiply_odds
from polydesk.tape.construct.kinds.calm import paid
from polydesk.tape.construct.news_rows import Headline, told
from polydesk.tape.construct.plan import START_NS, Course, Event, Kind, Phase, Plan, Spec, Style

_SIGMA_PPM = 1_000
_STYLE = Style(reaction_ms=900, taker_percent=20)
_QUIET_S = (120, 240)
_STRENGTHS = ((3, 2), (2, 1), (3, 1))
_NOTHING_NEW = (1, 1)
_NEUTRAL_PERCENT = 25


def _plan(spec: Spec) -> Plan:
    courses, items = [], []
    for index in range(spec.markets):
        fair, found = _market_news(spec, index)
        market = constructed_market(
            spec, index, first_g4=fair.at_g4(START_NS), end_ns=spec.end_ns, category="politics",
            question="Does the candidate win? (constructed)",
        )  # fmt: skip
        courses.append(Course(market, fair, (Phase(spec.end_ns, _STYLE),)))
        items += found
    items.sort(key=lambda item: (item.published_ns, item.market))
    return Plan(
        tuple(courses),
        tuple(paid(spec, course) for course in courses),
        events=tuple(
            Event(item.published_ns, item.market, "news", f"item {number}: {item.text}")
            for number, item in enumerate(items)
        ),
        told=tuple(told(number, item) for number, item in enumerate(items)),
    )


def _market_news(spec: Spec, index: int) -> tuple[Path, list[Headline]]:
    """Return a market's path and its items; an item moves the path in the very step in which it is published."""
    dice, draws = spec.dice("news", index), spec.dice("fair", index)
    value = from_g4(dice.between(3_500, 6_500))
    next_ns = START_NS + dice.between(30, 60) * NS_PER_S
    times = list(range(START_NS, spec.end_ns, STEP_NS))
    values, items = [], []
    for at_ns in times:
        value = diffuse(value, _SIGMA_PPM, draws)
        if at_ns >= next_ns:
            next_ns = at_ns + dice.between(*_QUIET_S) * NS_PER_S
            strength = _NOTHING_NEW if dice.chance(_NEUTRAL_PERCENT) else _STRENGTHS[dice.below(len(_STRENGTHS))]
            up, down = strength
            # Honest news points the right way in `up` of `up + down` cases; drawn so, the path stays a fair game.
            good = comes_true(dice, (value * up + (ONE_E12 - value) * down) // (up + down))
            value = multiply_odds(value, up, down) if good else multiply_odds(value, down, up)
            side = 0 if strength == _NOTHING_NEW else 1 if good else -1
            items.append(Headline(at_ns, index, side, _text(side, strength)))
        values.append(value)
    return Path(times, values), items


def _text(side: int, strength: tuple[int, int]) -> str:
    if not side:
        return "a statement that says nothing new (constructed)"
    return f"{'good' if side > 0 else 'bad'} news, {strength[0]} to {strength[1]} (constructed)"


NEWS = Kind("news", "bursts: news items that move the price at once between quiet phases", _plan)
