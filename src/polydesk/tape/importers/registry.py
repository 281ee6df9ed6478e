"""Markets and tokens of an import: what is recorded, what a markets file tells, what must be assumed."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from polydesk.model.errors import ImportFailed
from polydesk.model.fees import assumed_schedule
from polydesk.model.grid import PRICE_ONE_G4
from polydesk.model.ids import ConditionId, TokenId
from polydesk.model.market import Fact, Market, Origin, Resolution, Token
from polydesk.model.references import Reference
from polydesk.tape.importers import facts
from polydesk.tape.importers.markets_file import Listed

_MADE_UP = ("derived:", "constructed:")
"""How ids begin that no venue gave."""

_RANK = {Origin.ASSUMED: 0, Origin.DERIVED: 1, Origin.VENUE: 2}


class ForeignToken(ImportFailed):
    """A third token id of one market: a damaged id, or a file that mixes two markets."""


class Ended(msgspec.Struct, frozen=True):
    """The venue's word that a market resolved.

    Attributes:
        winner: Token id that won.
        at_ns: When it was told.
        condition_id: The market; empty when not stated.
        tokens: Both token ids of the market; empty when not stated.
    """

    winner: str
    at_ns: int
    condition_id: str = ""
    tokens: tuple[str, ...] = ()


class _Entry:
    """One market while it is being discovered; ``tokens`` are ids, empty until seen or told."""

    def __init__(self, index: int, condition_id: str, listed: Listed | None) -> None:
        self.index = index
        self.condition_id = condition_id
        self.listed = listed
        self.slug = listed.slug if listed else ""
        self.tokens = list(listed.tokens) if listed else ["", ""]
        self.recorded = [False, False]
        self.tick: Fact[int] | None = listed.tick_g4 if listed else None
        self.min_size: Fact[int] | None = listed.min_size_u6 if listed else None
        self.neg_risk: Fact[bool] | None = listed.neg_risk if listed else None
        self.labels: tuple[str | None, str | None] = (None, None)
        self.end: Fact[int | None] | None = None
        self.current_tick_g4 = self.tick.value if self.tick else 0
        self.resolution: Resolution | None = None


class Registry:
    """Gives every token of a recording its market and place, and remembers the facts met on the way."""

    def __init__(self, listed: Iterable[Listed] = ()) -> None:
        self._entries: list[_Entry] = []
        self._by_condition: dict[str, _Entry] = {}
        self._by_token: dict[str, tuple[_Entry, int]] = {}
        self._listed_condition: dict[str, Listed] = {}
        self._listed_token: dict[str, Listed] = {}
        self._listed_slug: dict[str, Listed] = {}
        self._ended: list[tuple[Ended, Counter[str]]] = []
        self._references: dict[Reference, int] = {}
        for record in listed:
            self._list(record)

    def _list(self, record: Listed) -> None:
        known = self._listed_condition.get(record.condition_id) if record.condition_id else None
        if known is not None and known.tokens != record.tokens:
            raise ImportFailed(f"{record.where}: field condition_id also stands in {known.where}; keep one of them")
        if record.condition_id:
            self._listed_condition[record.condition_id] = record
        if record.slug:
            self._listed_slug.setdefault(record.slug, record)
        for token in filter(None, record.tokens):
            other = self._listed_token.setdefault(token, record)
            if other.tokens != record.tokens:
                raise ImportFailed(f"{record.where}: token id {token} also stands in {other.where}; keep one of them")

    def token(self, asset_id: str, condition_id: str = "", slug: str = "") -> tuple[int, int]:
        """Return market index and token number of an asset, making both known on first sight.

        Args:
            asset_id: The venue's token id.
            condition_id: The venue's market id; ``derived:<token id>`` is made up when no source states it.
            slug: Short name, kept if none is known yet.

        Raises:
            ForeignToken: A third token of one market.
            ImportFailed: A markets file contradicts the recording.
        """
        known = self._by_token.get(asset_id)
        if known is not None:
            return known[0].index, known[1]
        entry = self._entry(asset_id, condition_id)
        entry.slug = entry.slug or slug
        place = self._place(entry, asset_id)
        entry.tokens[place] = asset_id
        entry.recorded[place] = True
        self._by_token[asset_id] = (entry, place)
        return entry.index, place

    def pair(self, first: str, second: str) -> None:
        """Take that two assets are the two sides of one market; a markets file that names either knows better."""
        if first in self._listed_token or second in self._listed_token:
            return
        found = Listed(where="mirrored rows", condition_id=f"derived:{first}", tokens=(first, second))
        self._listed_token[first] = self._listed_token[second] = found

    def up_down(self, condition_id: str = "", slug: str = "") -> tuple[int, int]:
        """Return the index of a market whose recording tells outcomes Up and Down apart but no token ids.

        The market becomes known on first sight, with token ids from a markets file or else made up (``derived:...``).

        Args:
            condition_id: The venue's market id; ``derived:<slug>`` when no source states it.
            slug: Short name, kept if none is known yet; a markets file that lists it is believed.

        Returns:
            Market index, and the number of the Up token (0 unless a markets file puts Down first).

        Raises:
            ImportFailed: Another recording of the market names its tokens by id and no markets file tells which is Up.
        """
        listed = self._listed_condition.get(condition_id.lower()) if condition_id else self._listed_slug.get(slug)
        name = condition_id.lower() or (listed.condition_id if listed else "") or f"derived:{slug}"
        entry = self._by_condition.get(name)
        if entry is None:
            entry = self._add(name, listed)
        entry.slug = entry.slug or slug
        labelled = entry.listed is not None and any(entry.listed.outcomes)
        if any(entry.recorded) and not labelled and entry.labels == (None, None):
            raise ImportFailed(
                f"market {entry.slug or name}: one recording names tokens by id, another only Up and Down; say which "
                "token is which with --markets"
            )
        if not labelled:
            entry.labels = ("Up", "Down")
        for place in (0, 1):
            entry.tokens[place] = entry.tokens[place] or f"derived:{name.removeprefix('derived:')}:{place}"
        entry.recorded = [True, True]
        first = entry.listed.outcomes[0] if entry.listed else None
        return entry.index, int((first or "Up").lower() in ("down", "no"))

    def _add(self, condition_id: str, listed: Listed | None) -> _Entry:
        entry = _Entry(len(self._entries), condition_id, listed)
        self._entries.append(entry)
        self._by_condition[condition_id] = entry
        return entry

    def _entry(self, asset_id: str, condition_id: str) -> _Entry:
        condition_id = condition_id.lower()
        listed = self._listed_token.get(asset_id) or self._listed_condition.get(condition_id)
        if listed and listed.condition_id:
            if condition_id and condition_id != listed.condition_id and not condition_id.startswith("derived:"):
                raise ImportFailed(
                    f"{listed.where}: field condition_id is {listed.condition_id!r}, the recording says "
                    f"{condition_id!r} for token {asset_id}; correct it or leave --markets out"
                )
            condition_id = listed.condition_id
        if not condition_id:
            ids = [token for token in (listed.tokens if listed else (asset_id,)) if token]
            condition_id = f"derived:{min(ids, key=lambda token: (len(token), token))}"
        entry = self._by_condition.get(condition_id)
        return entry or self._add(condition_id, listed)

    @staticmethod
    def _place(entry: _Entry, asset_id: str) -> int:
        if asset_id in entry.tokens:
            return entry.tokens.index(asset_id)
        if "" not in entry.tokens:
            raise ForeignToken(
                f"market {entry.condition_id}: a third token id {asset_id} appears beside "
                f"{' and '.join(entry.tokens)}; two markets are mixed up, or an id is damaged"
            )
        return entry.tokens.index("")

    def note_tick(
        self, market: int, tick_g4: int, origin: Origin = Origin.VENUE, note: str = "", *, new: bool = False
    ) -> bool:
        """Take a tick size and return whether it differs from the one in force.

        The first one is the market's own at the start of the tape, unless a better origin tells another; a ``new`` one
        says what comes after the start, never what the start was.
        """
        entry = self._entries[market]
        known = entry.tick
        if known is None or (not new and _RANK[origin] > _RANK[known.origin]):
            entry.tick = Fact(tick_g4, origin, note)
        changed = tick_g4 != entry.current_tick_g4
        entry.current_tick_g4 = tick_g4
        return changed

    def tick_known(self, market: int) -> bool:
        """Return whether any source has stated the market's tick so far."""
        return self._entries[market].current_tick_g4 > 0

    def tick_told(self, market: int) -> bool:
        """Return whether the market's tick at the start is more than an assumption."""
        tick = self._entries[market].tick
        return tick is not None and tick.origin is not Origin.ASSUMED

    def tick_in_force(self, market: int) -> int:
        """Return the market's current tick on the grid, the assumed one when none is known."""
        return self._entries[market].current_tick_g4 or facts.ASSUMED_TICK.value

    def note_min_size(self, market: int, size: int) -> None:
        """Take the venue's minimum order size in micro-shares."""
        entry = self._entries[market]
        if entry.min_size is None:
            entry.min_size = Fact(size, Origin.VENUE)

    def note_neg_risk(self, market: int, *, neg_risk: bool) -> None:
        """Take whether the market belongs to a neg-risk event."""
        entry = self._entries[market]
        if entry.neg_risk is None:
            entry.neg_risk = Fact(neg_risk, Origin.VENUE)

    def note_end(self, market: int, end_ns: int, note: str) -> None:
        """Take a market's scheduled end from a recording that is not the venue's own word."""
        self._entries[market].end = Fact(end_ns, Origin.DERIVED, note)

    def end_of(self, market: int) -> int | None:
        """Return the scheduled end as far as it is known by now, ns."""
        return _market(self._entries[market]).end_ns.value

    def note_payout(self, end: Resolution) -> bool:
        """Take how a market ended from a recording that is not the venue's own word.

        Returns:
            Whether it agrees with what is known; the first word counts.
        """
        known = self._entries[end.market].resolution
        if known is None:
            self._entries[end.market].resolution = end
        return known is None or known.payout_g4 == end.payout_g4

    def reference(self, series: Reference) -> int:
        """Return the number of a series of reference prices, making it known on first sight."""
        return self._references.setdefault(series, len(self._references))

    @property
    def references(self) -> tuple[Reference, ...]:
        """All series of reference prices met, in order of their numbers."""
        return tuple(self._references)

    def note_resolution(self, ended: Ended, counts: Counter[str]) -> None:
        """Take the venue's word on how a market ended; it outranks a winner inferred by a markets file.

        It is placed by ``build``, when every token is known; ``counts`` gets ``unplaced_resolutions`` if that fails.
        """
        self._ended.append((ended, counts))

    def _place_resolution(self, ended: Ended) -> bool:
        known = [self._by_token[token] for token in (ended.winner, *ended.tokens) if token in self._by_token]
        entry = known[0][0] if known else self._by_condition.get(ended.condition_id.lower())
        if entry is None:
            return False
        # Whoever won, both ids are taken: a second id that only shows when it wins would tell the end.
        if "" in entry.tokens and len(ended.tokens) == 2:
            others = [token for token in ended.tokens if token not in entry.tokens]
            if len(others) == 1:
                entry.tokens[entry.tokens.index("")] = others[0]
        if ended.winner in entry.tokens:
            place = entry.tokens.index(ended.winner)
        elif "" in entry.tokens and not ended.tokens:
            place = entry.tokens.index("")
        else:
            return False
        entry.resolution = Resolution(entry.index, _payout(place), ended.at_ns, Origin.VENUE)
        return True

    @property
    def matched(self) -> tuple[Listed, ...]:
        """What a markets file or schema told of the markets met, as far as it told anything."""
        return tuple(entry.listed for entry in self._entries if entry.listed is not None)

    def build(self) -> tuple[tuple[Market, ...], tuple[Resolution, ...]]:
        """Return all markets met and how those ended of which that is known."""
        for ended, counts in self._ended:
            if not self._place_resolution(ended):
                counts["unplaced_resolutions"] += 1
        markets = tuple(_market(entry) for entry in self._entries)
        ends = [_resolution(entry, market) for entry, market in zip(self._entries, markets, strict=True)]
        return markets, tuple(end for end in ends if end is not None)


def _market(entry: _Entry) -> Market:
    slug = entry.slug or _short_name(entry.condition_id)
    listed = entry.listed or Listed(where="")
    category = listed.category or facts.category_of(slug)
    start, end = facts.times_of(slug)
    return Market(
        index=entry.index,
        condition_id=ConditionId(entry.condition_id),
        slug=slug,
        question=listed.question,
        category=category,
        tokens=_tokens(entry, listed),
        tick_g4=entry.tick or facts.ASSUMED_TICK,
        min_size_u6=entry.min_size or facts.ASSUMED_MIN_SIZE,
        fees=assumed_schedule(category.value),
        start_ns=listed.start_ns or start,
        end_ns=listed.end_ns or (end if end.value else entry.end or end),
        neg_risk=entry.neg_risk or facts.ASSUMED_NEG_RISK,
        taker_delay_ns=facts.taker_delay_of(category.value),
        event=listed.event,
    )


def _tokens(entry: _Entry, listed: Listed) -> tuple[Token, Token]:
    tokens = []
    for place in (0, 1):
        asset_id = entry.tokens[place] or f"derived:{entry.tokens[1 - place]}"
        origin = Origin.DERIVED if asset_id.startswith(_MADE_UP) else Origin.VENUE
        label = listed.outcomes[place] or entry.labels[place]
        tokens.append(Token(TokenId(asset_id), label, origin, entry.recorded[place]))
    return tokens[0], tokens[1]


def _short_name(condition_id: str) -> str:
    kind, _, token = condition_id.rpartition(":")
    return f"{kind}-{token[:10]}" if kind else condition_id[:10]


def _payout(winner: int) -> tuple[int, int]:
    return (PRICE_ONE_G4, 0) if winner == 0 else (0, PRICE_ONE_G4)


def _resolution(entry: _Entry, market: Market) -> Resolution | None:
    listed = entry.listed
    if entry.resolution is not None or listed is None or not (listed.winner or listed.payout_g4):
        return entry.resolution
    end_ns = market.end_ns.value
    told = listed.resolved_ns
    if end_ns is None and told is None:
        what = "payouts" if listed.payout_g4 else "a winner"
        raise ImportFailed(f"{listed.where}: has {what} but no end time; add end_ts")
    at_ns = told.value if told is not None else end_ns or 0
    if listed.payout_g4:
        paid = listed.payout_g4
        note = paid.note if told is not None else f"{paid.note}; known at the end at the earliest"
        return Resolution(entry.index, paid.value, at_ns, paid.origin, note)
    place = listed.outcomes.index(listed.winner)
    return Resolution(entry.index, _payout(place), at_ns, Origin.DERIVED, "winner stated by the markets file")
