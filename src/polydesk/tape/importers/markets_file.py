"""Market facts beside a recording: CSV, JSON, YAML or Parquet in the shapes people keep them."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from polydesk.model.errors import ImportFailed, NumberError
from polydesk.model.grid import NS_PER_S, PRICE_ONE_G4, price_g4, size_u6
from polydesk.model.market import Fact, Origin
from polydesk.tape.importers.source import damaged
from polydesk.tape.importers.tally import by_magnitude, plausible

NAMES = ("markets.csv", "markets.json", "markets.yaml", "markets.parquet")
"""Files that are used without being asked for when they lie beside a recording."""

_CELL_LIMIT = 1 << 20
_NAMES_SHOWN = 8
_NAME_SHOWN = 40
_STATED = Fact(None, Origin.VENUE, "markets file")
_PAID = Fact(None, Origin.DERIVED, "payouts stated by the markets file")
_TIME_FIX = "write Unix seconds or an ISO date"
CATEGORIES = (
    "crypto", "sports", "finance", "politics", "mentions", "tech", "economics", "culture", "weather", "geopolitics",
    "other",
)  # fmt: skip
"""The venue's categories, which decide its fees."""

_ALIASES = {
    "slug": ("slug", "market_slug"),
    "condition_id": ("condition_id", "conditionId"),
    "market_id": ("market_id",),
    "token_up": ("token_id_up", "upTokenId", "token_id_yes", "yesTokenId"),
    "token_down": ("token_id_down", "downTokenId", "token_id_no", "noTokenId"),
    "tokens": ("clobTokenIds", "clob_token_ids", "token_ids", "tokens"),
    "outcomes": ("outcomes",),
    "outcome_first": ("outcome_up", "outcome_yes"),
    "outcome_second": ("outcome_down", "outcome_no"),
    "payout_first": ("payout_up", "payout_yes"),
    "payout_second": ("payout_down", "payout_no"),
    "resolved_ns": ("resolved_ts", "resolvedTs"),
    "start_ns": ("start_ts", "startTs", "eventStartTime", "startDate"),
    "end_ns": ("end_ts", "endTs", "endDate", "end_date_iso"),
    "tick_g4": ("tick_size", "tickSize", "orderPriceMinTickSize", "minimum_tick_size"),
    "min_size_u6": ("min_order_size", "minOrderSize", "orderMinSize", "minimum_order_size"),
    "category": ("category",),
    "question": ("question", "title"),
    "neg_risk": ("neg_risk", "negRisk"),
    "event": ("event_id", "eventId", "negRiskMarketID", "neg_risk_market_id"),
    "winner": ("winner_inferred", "winner"),
}
_KNOWN = frozenset(alias for aliases in _ALIASES.values() for alias in aliases)
_NAMING = {
    alias: None
    for name in ("condition_id", "market_id", "token_up", "token_down", "tokens")
    for alias in _ALIASES[name]
}
"""What tells which market a record is about; a slug alone is not enough."""

_HOW = f"give each market one of {', '.join(_NAMING)} (docs/importing.md)"


class Listed(msgspec.Struct, frozen=True):
    """What a markets file says about one market; ``None`` where it is silent.

    Attributes:
        event: The venue's id of the event that the market is an outcome of.
        tokens: Token ids, first outcome first; an id may be empty when only the other is known.
        outcomes: Labels of the tokens.
        winner: Label of the winning outcome; empty when undecided.
        payout_g4: What a share of the first and of the second outcome pays, on the price grid; ``None`` when undecided.
        resolved_ns: When that became known; the end is the earliest it can have been.
        where: File and record, for messages.
    """

    where: str
    slug: str = ""
    condition_id: str = ""
    tokens: tuple[str, str] = ("", "")
    outcomes: tuple[str | None, str | None] = (None, None)
    start_ns: Fact[int | None] | None = None
    end_ns: Fact[int | None] | None = None
    tick_g4: Fact[int] | None = None
    min_size_u6: Fact[int] | None = None
    category: Fact[str] | None = None
    neg_risk: Fact[bool] | None = None
    event: str = ""
    question: str = ""
    winner: str = ""
    payout_g4: Fact[tuple[int, int]] | None = None
    resolved_ns: Fact[int] | None = None


def read_markets(path: Path, note: Callable[[str], None]) -> list[Listed]:
    """Read a markets file.

    Args:
        path: CSV with a header, Parquet, JSON or YAML: one object, a list, or named objects.
        note: Called once with the keys that are not understood.

    Raises:
        ImportFailed: The file cannot be read, lists no market, has nothing that tells which market is meant, or a value
            is wrong; names file, record and field.
    """
    try:
        text = "" if _is_parquet(path) else path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as err:
        raise ImportFailed(f"{path}: the markets file cannot be read ({err}); check --markets") from err
    records = list(_records(path, text))
    _check_naming(path, [record for _, record in records])
    unknown: dict[str, None] = {}
    listed = []
    for number, (name, record) in enumerate(records, 1):
        unknown.update(dict.fromkeys(str(key) for key in record if key not in _KNOWN))
        listed.append(_listed(f"{path}: market {name or number}", record))
    if unknown:
        note(f"{path}: these fields are not used: {', '.join(unknown)}")
    return listed


def _check_naming(path: Path, records: list[dict[str, Any]]) -> None:
    """Refuse a file that is not about markets at all, in one sentence rather than by its first record."""
    if not records:
        raise ImportFailed(f"{path}: lists no market; {_HOW}, or choose another file with --markets")
    found = dict.fromkeys(str(key) for record in records for key in record)
    if not found.keys() & _NAMING.keys():
        raise ImportFailed(
            f"{path}: not a file of market facts, its fields are {_shown(found)}; {_HOW}, or choose another "
            "file with --markets"
        )


def _shown(names: Iterable[str]) -> str:
    """Return the first of some names; a file that is something else may have any."""
    names = [name if len(name) <= _NAME_SHOWN else f"{name[:_NAME_SHOWN]}..." for name in names]
    return ", ".join(map(repr, names[:_NAMES_SHOWN])) + (", ..." if len(names) > _NAMES_SHOWN else "") or "none"


def stated_market(where: str, record: dict[str, Any]) -> Listed:
    """Return the facts of one market that stand elsewhere, for example in a schema file.

    Raises:
        ImportFailed: A field is unknown or a value is wrong; the message begins with ``where``.
    """
    unknown = [str(key) for key in record if key not in _KNOWN]
    if unknown:
        raise ImportFailed(f"{where}: unknown field {unknown[0]!r}; the fields of a markets file can stand here")
    return _listed(where, record)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _records(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if not text and _is_parquet(path):
        try:
            rows = pq.read_table(path, partitioning=None).to_pylist()
        except (OSError, pa.ArrowException) as err:
            raise damaged(path, "Parquet", err) from err
        yield from (("", row) for row in rows)
        return
    if path.suffix.lower() == ".csv":
        csv.field_size_limit(_CELL_LIMIT)
        try:
            reader = csv.DictReader(io.StringIO(text), strict=True)
            names = list(reader.fieldnames or ())
            if len(set(names)) < len(names):
                repeated = next(name for name in names if names.count(name) > 1)
                raise ImportFailed(f"{path}: line 1: column {repeated!r} stands twice; rename one of them")
            for row in reader:
                yield "", {key: value for key, value in row.items() if key is not None and value is not None}
        except csv.Error as err:
            raise ImportFailed(f"{path}: not a CSV file ({err}); check --markets") from err
        return
    try:
        content = msgspec.json.decode(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (msgspec.DecodeError, yaml.YAMLError, RecursionError) as err:
        kind = "JSON" if path.suffix.lower() == ".json" else "YAML"
        raise ImportFailed(f"{path}: not valid {kind} ({_place(err)}); {_HOW}; check --markets") from err
    for name, record in _named(content):
        if not isinstance(record, dict):
            raise ImportFailed(f"{path}: market {name} is not an object; write one object per market")
        yield name, record


def _place(err: Exception) -> str:
    """Return what is wrong and where; YAML's own text repeats the line, which may be long."""
    mark = getattr(err, "problem_mark", None)
    return f"line {mark.line + 1}: {getattr(err, 'problem', err)}" if mark is not None else str(err)


def _named(content: object) -> Iterator[tuple[str, object]]:
    if isinstance(content, dict) and isinstance(content.get("markets"), list | dict):
        content = content["markets"]
    if isinstance(content, list):
        yield from ((str(number), record) for number, record in enumerate(content, 1))
    elif isinstance(content, dict) and not _KNOWN & content.keys():
        yield from ((str(name), record) for name, record in content.items())
    elif isinstance(content, dict):
        yield "1", content


class _Fields:
    """The values of one record by their common names, with errors that name the field."""

    def __init__(self, where: str, record: dict[str, Any]) -> None:
        self._where = where
        self._record = record

    def raw(self, name: str) -> tuple[Any, str]:
        """Return value and the alias under which it was written; ``None`` when absent or blank."""
        for alias in _ALIASES[name]:
            value = self._record.get(alias)
            if isinstance(value, dict):
                value = value.get("value")
            if value is not None and value != "":
                return value, alias
        return None, _ALIASES[name][0]

    def text(self, name: str) -> str:
        value, alias = self.raw(name)
        if value is None:
            return ""
        if isinstance(value, bool | float | list | dict):
            raise self.wrong(alias, value, "write it as text")
        return str(value).strip()

    def fact(self, name: str, read: Callable[[Any], Any], fix: str, unsaid: Fact[None] = _STATED) -> Any:
        """Return a value with the origin and note that stand beside it, else those of ``unsaid``."""
        value, alias = self.raw(name)
        if value is None:
            return None
        try:
            found = read(value)
        except (NumberError, ValueError, TypeError, OverflowError) as err:
            raise self.wrong(alias, value, fix) from err
        told = self._record[alias]
        told = told if isinstance(told, dict) else {}
        origin = str(told.get("origin", unsaid.origin))
        if origin not in set(Origin):
            raise self.wrong(f"{alias}.origin", origin, "write venue, derived or assumed")
        return Fact(found, Origin(origin), str(told.get("note", unsaid.note)))

    def wrong(self, field: str, value: object, fix: str) -> ImportFailed:
        return ImportFailed(f"{self._where}: field {field} is {value!r}; {fix}")


def _listed(where: str, record: dict[str, Any]) -> Listed:
    fields = _Fields(where, record)
    slug = fields.text("slug")
    tokens, outcomes = _tokens(fields)
    winner = fields.text("winner")
    if winner.lower() in ("unclear", "unknown", "none", "?"):
        winner = ""
    if winner and winner not in outcomes:
        raise fields.wrong("winner", winner, f"write one of {outcomes} or leave it empty")
    condition_id = (fields.text("condition_id") or _recorders_id(fields, tokens)).lower()
    if not condition_id and not any(tokens):
        raise ImportFailed(f"{where}: has neither condition_id nor token ids; add one of them")
    return Listed(
        where=where,
        slug=slug,
        condition_id=condition_id,
        tokens=tokens,
        outcomes=outcomes,
        start_ns=fields.fact("start_ns", _time, _TIME_FIX),
        end_ns=fields.fact("end_ns", _time, _TIME_FIX),
        tick_g4=fields.fact("tick_g4", _tick, "write a price step such as 0.01"),
        min_size_u6=fields.fact("min_size_u6", size_u6, "write a number of shares such as 5"),
        category=fields.fact("category", _category, f"write one of {', '.join(CATEGORIES)}"),
        neg_risk=fields.fact("neg_risk", _flag, "write true or false"),
        event=fields.text("event"),
        question=fields.text("question"),
        winner=winner,
        payout_g4=_payout(fields),
        resolved_ns=fields.fact("resolved_ns", _time, _TIME_FIX),
    )


def _recorders_id(fields: _Fields, tokens: tuple[str, str]) -> str:
    """Return the recorder's id of the market if it can be the venue's, or nothing else names the market."""
    market_id = fields.text("market_id")
    return market_id if market_id.lower().startswith("0x") or not any(tokens) else ""


def _payout(fields: _Fields) -> Fact[tuple[int, int]] | None:
    """Return what each outcome pays; a market without payouts is undecided."""
    pays = [
        fields.fact(name, _pay, "write what a share pays, from 0 to 1, or nothing if it is undecided", _PAID)
        for name in ("payout_first", "payout_second")
    ]
    if pays[0] is None and pays[1] is None:
        return None
    if None in pays or pays[0].value + pays[1].value != PRICE_ONE_G4:
        value, alias = fields.raw("payout_second")
        raise fields.wrong(alias, value, "write payouts of both outcomes that add up to 1")
    return Fact((pays[0].value, pays[1].value), pays[0].origin, pays[0].note)


def _pay(value: object) -> int:
    return price_g4(str(value))


def _tokens(fields: _Fields) -> tuple[tuple[str, str], tuple[str | None, str | None]]:
    first, second = fields.text("token_up"), fields.text("token_down")
    labels = _pair(fields, "outcomes") or _labels(fields)
    if first or second:
        named = any("yes" in alias.lower() for alias in (fields.raw("token_up")[1], fields.raw("token_down")[1]))
        no_label: tuple[str, str] = ("Yes", "No") if named else ("Up", "Down")
        return (first, second), labels or no_label
    tokens = _pair(fields, "tokens") or ("", "")
    return tokens, labels or (None, None)


def _labels(fields: _Fields) -> tuple[str, str] | None:
    first, second = fields.text("outcome_first"), fields.text("outcome_second")
    return (first, second) if first and second else None


def _pair(fields: _Fields, name: str) -> tuple[str, str] | None:
    value, alias = fields.raw(name)
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError) as err:
            raise fields.wrong(alias, value, "write a list of two") from err
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(item, str | int) for item in value):
        raise fields.wrong(alias, value, "write a list of two, ids as text")
    return str(value[0]), str(value[1])


def _time(value: object) -> int:
    if isinstance(value, datetime):
        ts_ns = _exact(value)
    elif isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        ts_ns = _exact(datetime.fromisoformat(value))
    else:
        ts_ns = by_magnitude(float(str(value)))
    if not plausible(ts_ns):
        raise ValueError(value)
    return ts_ns


def _exact(moment: datetime) -> int:
    """Return a moment in ns; without a zone it is UTC."""
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    return int(moment.replace(microsecond=0).timestamp()) * NS_PER_S + moment.microsecond * 1_000


def _tick(value: object) -> int:
    tick = price_g4(str(value))
    if not 0 < tick <= 1_000:
        raise ValueError(value)
    return tick


def _category(value: object) -> str:
    name = str(value).strip().lower()
    if name not in CATEGORIES:
        raise ValueError(value)
    return name


def _flag(value: object) -> bool:
    text = str(value).strip().lower()
    if text not in ("true", "false", "1", "0"):
        raise ValueError(value)
    return text in ("true", "1")
