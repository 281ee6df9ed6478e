"""Configurations as YAML text: the effective one, and the commented example of every key."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import yaml
from pydantic import BaseModel

from polydesk.run.settings_keys import Key, KeyPath, leaf_keys

_WIDTH = 110


def plain(value: Any) -> Any:
    """Return a value as JSON-like data; amounts become numbers again."""
    match value:
        case BaseModel():
            return {name: plain(getattr(value, name)) for name in type(value).model_fields}
        case Enum():
            return value.value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {str(name): plain(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
    return value


def render(settings: BaseModel) -> str:
    """Write a configuration as YAML that loads back to the same one."""
    return yaml.safe_dump(plain(settings), sort_keys=False, allow_unicode=True)


def render_example(model: type[BaseModel]) -> str:
    """Write every key with its default under its help, range and unit; the text is a valid configuration."""
    out = [
        "# Every key with its default. Copy to polydesk.yaml, keep what you change and delete the rest.",
        "# Stronger sources: environment POLYDESK__SECTION__KEY=value, then --set section.key=value.",
        "# `polydesk config explain` tells where each value in force comes from.",
        "",
    ]
    return "\n".join([*out, *_every_key(model, {}, known=True)]) + "\n"


def render_chosen(model: type[BaseModel], chosen: Mapping[str, Any]) -> str:
    """Write every key as ``render_example`` does, but in force only those that were chosen.

    Args:
        model: What the configuration is made of.
        chosen: Value by dotted key; the other keys are written as comments with their defaults.
    """
    out = [
        "# Written by `polydesk init`. A key with # right before it shows its default: take the # away, and that of",
        "# its section, to set it. Stronger sources: environment POLYDESK__SECTION__KEY=value, then --set.",
        "# `polydesk config check` finds mistakes, `polydesk config explain` tells where each value comes from.",
        "",
    ]
    return "\n".join([*out, *_every_key(model, chosen, known=False)]) + "\n"


def _every_key(model: type[BaseModel], chosen: Mapping[str, Any], *, known: bool) -> Iterator[str]:
    """Yield the lines of every section and key; what is neither ``known`` nor chosen is commented out."""
    section: KeyPath = ()
    for key in leaf_keys(model).values():
        parents = key.path[:-1]
        for depth in range(_common(section, parents), len(parents)):
            inside = ".".join(parents[: depth + 1]) + "."
            open_ = known or any(name.startswith(inside) for name in chosen)
            yield from ("", f"{'  ' * depth}{'' if open_ else '#'}{parents[depth]}:")
        section = parents
        indent = "  " * len(parents)
        yield from _comment(key, indent)
        mark = "" if known or key.name in chosen else "#"
        yield f"{indent}{mark}{key.path[-1]}: {flow(chosen.get(key.name, key.default))}"


def flow(value: Any) -> str:
    """Write one value on one line of YAML."""
    data = plain(value)
    if isinstance(data, str | list | dict) or data is None:
        return json.dumps(data, ensure_ascii=False)
    text: str = yaml.safe_dump(data, default_flow_style=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def _comment(key: Key, indent: str) -> list[str]:
    text = "; ".join(part for part in (key.help, key.expected, "tunable" if key.tunable else "") if part)
    return [f"{indent}# {line}" for line in textwrap.wrap(text, _WIDTH - len(indent))]


def _common(left: KeyPath, right: KeyPath) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count
