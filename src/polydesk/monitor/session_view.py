"""What is known of a session at one moment, for pages that show it."""

from dataclasses import dataclass, field

from polydesk.model.market import Market
from polydesk.monitor.history import Print
from polydesk.run.snapshot import LiveState
from polydesk.store import view_rows
from polydesk.store.views import curve_of
from polydesk.tape.manifest import Manifest
from polydesk.tape.verdict import Verdict


@dataclass(frozen=True)
class Lists:
    """The newest rows of a session's ledger, the newest first; settlements in order of time."""

    decisions: tuple[view_rows.DecisionRow, ...] = ()
    acts: tuple[view_rows.DecisionRow, ...] = ()
    refusals: tuple[view_rows.OrderRow, ...] = ()
    fills: tuple[view_rows.FillRow, ...] = ()
    settlements: tuple[view_rows.SettlementRow, ...] = ()


@dataclass(frozen=True)
class Brief:
    """One session in a few figures.

    Attributes:
        name: Its name.
        row: Its row of the ledger; ``None`` before the ledger knows it.
        live: What the desk published last; ``None`` when it published nothing that can be read.
        curve: Ends and falls of its curve; ``None`` without one.
        totals: Counts and sums of its ledger; ``None`` before the ledger knows it.
        constructed: Whether its tape was generated; ``None`` when its facts are gone.
        source: The names of its recordings; empty when its facts are gone.
        verdict: What the check of its data found; ``None`` without one.
        records: Journal records that the ledger has applied.
    """

    name: str
    row: view_rows.SessionRow | None = None
    live: LiveState | None = None
    curve: view_rows.CurveEnds | None = None
    totals: view_rows.Totals | None = None
    constructed: bool | None = None
    source: tuple[str, ...] = ()
    verdict: Verdict | None = None
    records: int = 0


@dataclass(frozen=True)
class SessionView:
    """One session as the first page shows it; the same object as long as nothing changed.

    Attributes:
        name: Its name.
        row: Its row of the ledger; ``None`` before the ledger knows it.
        live: What the desk published last; ``None`` when it published nothing that can be read.
        trouble: What is wrong with its files or the ledger; empty when all is well.
        manifest: Facts about its markets; ``None`` when they are gone.
        marks: Equity over time.
        lists: Newest rows.
        totals: Counts and sums; ``None`` before the ledger knows the session.
        records: Journal records that the ledger has applied.
        verdict: What the check of its data found; ``None`` without one.
    """

    name: str
    row: view_rows.SessionRow | None = None
    live: LiveState | None = None
    trouble: tuple[str, ...] = ()
    manifest: Manifest | None = None
    marks: tuple[view_rows.MarkRow, ...] = ()
    lists: Lists = field(default_factory=Lists)
    totals: view_rows.Totals | None = None
    records: int = 0
    verdict: Verdict | None = None

    @property
    def running(self) -> bool:
        """Whether the desk says that it runs."""
        return self.live is not None and self.live.state == "running"

    @property
    def now_ns(self) -> int:
        """Virtual time of the newest thing known; 0 when nothing is."""
        if self.live is not None and self.live.ts_ns:
            return self.live.ts_ns
        return self.marks[-1].ts_ns if self.marks else 0

    @property
    def markets(self) -> tuple[Market, ...]:
        """The markets of its tape; empty when their facts are gone."""
        return self.manifest.markets if self.manifest else ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the recordings; empty when their facts are gone."""
        return tuple(one.name for one in self.manifest.sources) if self.manifest else ()

    def market_name(self, market: int) -> str:
        """Return a market's slug, or its number when its name is not known."""
        return self.markets[market].slug if 0 <= market < len(self.markets) else f"#{market}"

    def outcome(self, market: int, token: int) -> str:
        """Return the label of a token, or its number; empty for no token."""
        if 0 <= market < len(self.markets) and token in (0, 1):
            return self.markets[market].tokens[token].outcome or f"#{token}"
        return f"#{token}" if token >= 0 else ""

    def brief(self) -> Brief:
        """Return the session in a few figures."""
        constructed = self.manifest.constructed if self.manifest else None
        curve = curve_of(self.marks)
        return Brief(self.name, self.row, self.live, curve, self.totals, constructed, self.sources, self.verdict)


@dataclass(frozen=True)
class MarketView:
    """One market of a session.

    Attributes:
        index: Which; -1 for none.
        fills: Our newest fills in it, the newest first.
        samples: Time, best bid and best ask of token 0 on the grid (0 and 10 000 for none), up to the session's time.
        prints: The last prints, the newest first.
        missing: Why the tape gives no samples and prints: ``reading``, ``none``, or the error; empty when it does.
    """

    index: int = -1
    fills: tuple[view_rows.FillRow, ...] = ()
    samples: tuple[tuple[int, int, int], ...] = ()
    prints: tuple[Print, ...] = ()
    missing: str = "none"
