"""The leaf keys of a configuration model: unit, range, default and help of each, and near misses."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen, MultipleOf
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

KeyPath = tuple[str, ...]

_UNITLESS = {"-", "1", "count"}

_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    str: "text",
    dict: "a mapping",
    NoneType: "null",
}


@dataclass(frozen=True)
class Key:
    """One leaf of the configuration.

    Attributes:
        path: Sections and field name.
        expected: Type and range in words, with the unit.
        unit: Unit of the value; empty when it has none.
        tunable: Whether a parameter search may vary it.
        help: What it does.
        default: Value when nothing sets it, as plain JSON-like data.
        field: The pydantic declaration.
    """

    path: KeyPath
    expected: str
    unit: str
    tunable: bool
    help: str
    default: Any
    field: FieldInfo

    @property
    def name(self) -> str:
        """The dotted key."""
        return ".".join(self.path)


@cache
def leaf_keys(model: type[BaseModel]) -> Mapping[KeyPath, Key]:
    """Return every leaf of ``model`` by its path, in order of declaration; a section's own keys come first."""
    return {key.path: key for key in _walk(model, (), None)}


def section_of(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return the model of the section at ``path``, or ``None`` when there is no such section."""
    found: type[BaseModel] | None = model
    for name in path:
        field = found.model_fields.get(name) if found else None
        found = submodel(field) if field else None
    return found


def submodel(field: FieldInfo) -> type[BaseModel] | None:
    """Return the nested model of a section field; ``None`` for a leaf."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def nearest(model: type[BaseModel], path: KeyPath) -> str:
    """Return the valid key closest to ``path``, dotted; empty when nothing resembles it."""
    valid = [".".join(key) for key in _all_paths(model, ())]
    wanted = ".".join(path)
    siblings = [name for name in valid if name.rpartition(".")[0] == ".".join(path[:-1])]
    same_leaf = [name for name in valid if name.rpartition(".")[2] == path[-1]]
    for candidates, cutoff in ((siblings, 0.6), (same_leaf, 0.0), (valid, 0.6), (siblings, 0.4)):
        close = difflib.get_close_matches(wanted, candidates, n=1, cutoff=cutoff)
        if close:
            return close[0]
    return ""


def _all_paths(model: type[BaseModel], path: KeyPath) -> Iterator[KeyPath]:
    for name, field in model.model_fields.items():
        yield (*path, name)
        inner = submodel(field)
        if inner:
            yield from _all_paths(inner, (*path, name))


def _walk(model: type[BaseModel], path: KeyPath, default: BaseModel | None) -> Iterator[Key]:
    # Leaves first, so that a rendered section does not continue behind its sub-sections.
    for name, field in sorted(model.model_fields.items(), key=lambda item: submodel(item[1]) is not None):
        here = (*path, name)
        value = getattr(default, name) if default else field.get_default(call_default_factory=True)
        inner = submodel(field)
        if inner:
            yield from _walk(inner, here, value if isinstance(value, inner) else None)
        else:
            yield _key(here, field, value)


def _key(path: KeyPath, field: FieldInfo, default: Any) -> Key:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    unit = str(extra.get("unit", ""))
    unit = "" if unit in _UNITLESS else unit
    return Key(
        path=path,
        expected=_expected(field, unit),
        unit=unit,
        tunable=bool(extra.get("tunable", False)),
        help=field.description or "",
        default=None if default is PydanticUndefined else default,
        field=field,
    )


def _expected(field: FieldInfo, unit: str) -> str:
    words = _kind(field.annotation)
    if unit == "fraction":
        words = words.replace("a number", "a fraction")
    elif unit:
        words += f" in {unit}"
    limits = [text for item in field.metadata if (text := _limit(item))]
    return ", ".join([words, *limits])


def _kind(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Annotated:
        base, *limits = get_args(kind)
        return " ".join([_kind(base), *filter(None, map(_limit, limits))])
    if origin is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if origin in (Union, UnionType):
        return " or ".join(_kind(part) for part in get_args(kind))
    if origin in (tuple, list, set, frozenset):
        inner = [_kind(part) for part in get_args(kind) if part is not Ellipsis]
        return f"a list ({'; '.join(inner)})"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(str(item.value) for item in kind)
    base = origin or kind
    return _NAMES.get(base, getattr(base, "__name__", str(base)))


def _limit(item: Any) -> str:
    match item:
        case Ge():
            return f"at least {item.ge}"
        case Gt():
            return f"above {item.gt}"
        case Le():
            return f"at most {item.le}"
        case Lt():
            return f"below {item.lt}"
        case MultipleOf():
            return f"a multiple of {item.multiple_of}"
        case MinLen():
            return f"at least {item.min_length} long"
        case MaxLen():
            return f"at most {item.max_length} long"
    return ""
