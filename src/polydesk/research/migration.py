"""Result documents of two major versions: which is which, whether they are whole, and the way from 1 to 2.

Version 1 is flat, version 2 nested. Every field of version 1 has a place in version 2 from which it can be read back,
except ``schema_version``, whose old value is kept as a copy in ``meta``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from polydesk.research.documents import CHECKSUM, CHECKSUM_ALGO, ResultError, check_sum, with_checksum

MIGRATED_VERSION = "2.0"
MIGRATION = "v1_to_v2"
MAP_KIND = "backtest_migration_map"

Document = dict[str, Any]
Validator = Callable[[Mapping[str, Any]], list[str]]
"""Takes a document and returns what is wrong with it, one sentence each."""


class Mapped(msgspec.Struct, frozen=True):
    """Where one field of version 1 is in version 2.

    Attributes:
        v1_path: Name in version 1.
        v2_path: Path in version 2.
        transform: ``rename``, ``move`` or ``set``.
        reversible: Whether the old value can be read back from ``v2_path``.
        note: What to know; empty when nothing.
    """

    v1_path: str
    v2_path: str
    transform: str
    reversible: bool
    note: str = ""


MAP = (
    Mapped("schema_version", "schema_version", "set", reversible=False, note=f"becomes {MIGRATED_VERSION}; the old "
           "value is copied to meta.source_schema_version"),
    Mapped("generated_at", "summary.generated_at", "move", reversible=True),
    Mapped("from_ts", "summary.from_ts", "move", reversible=True),
    Mapped("to_ts", "summary.to_ts", "move", reversible=True),
    Mapped("total_signals", "summary.total", "rename", reversible=True),
    Mapped("executed_signals", "summary.executed", "rename", reversible=True),
    Mapped("rejected_signals", "summary.rejected", "rename", reversible=True),
    Mapped("execution_config", "configs.execution", "rename", reversible=True),
    Mapped("risk_config", "configs.risk", "rename", reversible=True),
    Mapped("results", "attribution.strategy", "rename", reversible=True),
    Mapped("event_results", "attribution.event", "rename", reversible=True),
    Mapped("replay", "replay", "move", reversible=True, note="unchanged"),
    Mapped("schema_version", "meta.source_schema_version", "move", reversible=True, note="the copy of the old value"),
)  # fmt: skip

_V1: dict[str, type | tuple[type, ...]] = {
    "generated_at": str, "from_ts": str, "to_ts": str, "total_signals": int, "executed_signals": int,
    "rejected_signals": int, "execution_config": dict, "risk_config": dict, "results": list, "event_results": list,
    "replay": list,
}  # fmt: skip
_V2: dict[str, type | tuple[type, ...]] = {
    "meta": dict, "summary": dict, "configs": dict, "attribution": dict, "replay": list,
    "summary.generated_at": str, "summary.from_ts": str, "summary.to_ts": str, "summary.total": int,
    "summary.executed": int, "summary.rejected": int, "configs.execution": dict, "configs.risk": dict,
    "attribution.strategy": list, "attribution.event": list, "meta.migration": str, "meta.source_schema_version": str,
}  # fmt: skip
_ROWS = ("strategy", "pnl", "winrate", "max_drawdown", "trade_count", "wins", "losses")


def major_of(document: Mapping[str, Any], where: str) -> int:
    """Return the major version of a document.

    Raises:
        ResultError: There is no ``schema_version`` of the form ``<major>.<minor>``.
    """
    told = document.get("schema_version")
    parts = told.split(".") if isinstance(told, str) else []
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        raise ResultError(f"{where}: field schema_version is {told!r}; expected <major>.<minor>, for example '1.0'")
    return int(parts[0])


def check_major(document: Mapping[str, Any], where: str, known: Sequence[int]) -> int:
    """Return the major version when it is one of ``known``.

    Raises:
        ResultError: It is not; the message names both.
    """
    major = major_of(document, where)
    if major not in known:
        hint = "; migrate it with `polydesk backtest migrate-v1-to-v2`" if major == 1 else ""
        majors = " and ".join(str(number) for number in known)
        raise ResultError(
            f"{where}: schema major {major} (version {document['schema_version']}) is not supported here, major "
            f"{majors} {'is' if len(known) == 1 else 'are'}{hint}"
        )
    return major


def validate_v1(document: Mapping[str, Any]) -> list[str]:
    """Return what a document of version 1 lacks."""
    return _missing(document, _V1) + _bad_rows(document, "results", "event_results")


def validate_v2(document: Mapping[str, Any]) -> list[str]:
    """Return what a document of version 2 lacks; what later minor versions add is not needed."""
    return _missing(document, _V2) + _bad_rows(document, "attribution.strategy", "attribution.event")


VALIDATORS: Mapping[int, Validator] = {1: validate_v1, 2: validate_v2}


def validate(document: Mapping[str, Any], where: str, validators: Mapping[int, Validator] = VALIDATORS) -> int:
    """Check a document by the validator of its major version; return that version.

    Args:
        document: As read from JSON.
        where: Its file, for messages.
        validators: By major version; others may be given instead of or beside the usual ones.

    Raises:
        ResultError: The major version has no validator, or the validator found something; names every field.
    """
    major = check_major(document, where, sorted(validators))
    problems = validators[major](document)
    if problems:
        raise ResultError(f"{where}: not a whole result of schema major {major}: {'; '.join(problems)}")
    return major


def migrate(document: Mapping[str, Any], where: str, validators: Mapping[int, Validator] = VALIDATORS) -> Document:
    """Return a version 1 document as version 2; fields that version 1 does not name are kept in ``meta.extra``.

    A document that had a checksum gets a new one.

    Raises:
        ResultError: It is not version 1, not whole, or its checksum does not fit its content.
    """
    check_major(document, where, (1,))
    validate(document, where, validators)
    check_sum(document, where)
    out: Document = {"schema_version": MIGRATED_VERSION, "kind": "signals", "meta": {"migration": MIGRATION}}
    for row in MAP[1:]:
        _put(out, row.v2_path, document[row.v1_path])
    named = {row.v1_path for row in MAP} | {CHECKSUM, CHECKSUM_ALGO}
    extra = {key: value for key, value in document.items() if key not in named}
    if extra:
        out["meta"]["extra"] = extra
    validate(out, f"{where} after migration", validators)
    return with_checksum(out) if CHECKSUM in document else out


def restore_v1(document: Mapping[str, Any]) -> Document:
    """Return the version 1 document that a migrated one was made from, without its checksum.

    Raises:
        ResultError: It was not migrated.
    """
    meta = document.get("meta")
    if not isinstance(meta, dict) or meta.get("migration") != MIGRATION:
        raise ResultError("the document was not migrated from version 1: meta.migration says so")
    out: Document = {row.v1_path: value_at(document, row.v2_path) for row in MAP if row.reversible}
    return {"schema_version": out.pop("schema_version"), **out, **meta.get("extra", {})}


def migration_map(*, summed: bool) -> Document:
    """Return the map as a document."""
    reversible = sum(row.reversible for row in MAP)
    document: Document = {
        "schema_version": "1.0",
        "kind": MAP_KIND,
        "from_schema_major": 1,
        "to_schema_major": 2,
        "mappings": [msgspec.to_builtins(row) for row in MAP],
        "summary": {
            "total_fields": len(MAP), "reversible_fields": reversible, "non_reversible_fields": len(MAP) - reversible,
        },
    }  # fmt: skip
    return with_checksum(document) if summed else document


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path; ``None`` when there is none."""
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _put(document: Document, path: str, value: Any) -> None:
    *sections, name = path.split(".")
    for section in sections:
        document = document.setdefault(section, {})
    document[name] = value


def _missing(document: Mapping[str, Any], fields: Mapping[str, type | tuple[type, ...]]) -> list[str]:
    problems = []
    for path, kind in fields.items():
        value = value_at(document, path)
        if not isinstance(value, kind) or isinstance(value, bool):
            told = "is missing" if value is None else f"is {type(value).__name__}"
            problems.append(f"field {path} {told}, expected {getattr(kind, '__name__', kind)}")
    return problems


def _bad_rows(document: Mapping[str, Any], *paths: str) -> list[str]:
    problems = []
    for path in paths:
        rows = value_at(document, path)
        for at, row in enumerate(rows if isinstance(rows, list) else ()):
            lacking = [name for name in _ROWS if not isinstance(row, dict) or name not in row]
            if path.split(".")[-1].startswith("event") and isinstance(row, dict) and "event_id" not in row:
                lacking.append("event_id")
            if lacking:
                problems.append(f"field {path}[{at}] lacks {', '.join(lacking)}")
    return problems
