"""One validated configuration from a file, the environment and overrides, with the origin of every value.

Later wins: defaults, YAML file, environment (``POLYDESK__SECTION__KEY``), ``--set section.key=value``, an option that
stands for one key (``--seed``).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from polydesk.model.errors import ConfigError
from polydesk.run.settings_keys import Key, KeyPath, leaf_keys, nearest, section_of
from polydesk.run.settings_text import plain
from polydesk.run.settings_yaml import Value, read_document, read_text_value

ENV_PREFIX = "POLYDESK__"

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Loaded(Generic[M]):
    """A valid configuration.

    Attributes:
        settings: The frozen model.
        origins: For every leaf key (dotted): ``default``, ``FILE:LINE``, ``environment NAME``, ``--set`` or an option.
    """

    settings: M
    origins: Mapping[str, str]


@dataclass
class _Sources:
    """Values merged so far, and who set what."""

    values: dict[str, Value] = field(default_factory=dict)
    origins: dict[KeyPath, str] = field(default_factory=dict)


NO_FLAGS: Mapping[str, str] = {}
SET_OPTION = "--set"


def load(
    model: type[M],
    path: Path | None,
    env: Mapping[str, str],
    overrides: Sequence[str],
    flags: Mapping[str, str] = NO_FLAGS,
) -> Loaded[M]:
    """Load ``model``; ``flags`` are ``section.key=value`` texts by the option they come from.

    Raises:
        ConfigError: Lists every unknown key and wrong value with its place and what is expected instead.
    """
    loaded, problems = diagnose(model, path, env, overrides, flags)
    if loaded is None:
        raise ConfigError("; ".join(problems))
    return loaded


def diagnose(
    model: type[M],
    path: Path | None,
    env: Mapping[str, str],
    overrides: Sequence[str],
    flags: Mapping[str, str] = NO_FLAGS,
) -> tuple[Loaded[M] | None, list[str]]:
    """Return the configuration, or ``None`` and one message per problem.

    Raises:
        ConfigError: A source cannot be read at all.
    """
    sources = _Sources()
    if path is not None:
        document = read_document(path)
        sources.values = document.values
        sources.origins = {key: f"{document.name}:{line}" for key, line in document.lines.items()}
    return _merged(model, sources, env, overrides, flags)


def _merged(
    model: type[M],
    sources: _Sources,
    env: Mapping[str, str],
    overrides: Sequence[str],
    flags: Mapping[str, str],
    origin: str = SET_OPTION,
) -> tuple[Loaded[M] | None, list[str]]:
    keys = leaf_keys(model)
    for name, text in sorted(env.items()):
        if name.upper().startswith(ENV_PREFIX):
            _put(sources, keys, tuple(name[len(ENV_PREFIX) :].lower().split("__")), text, f"environment {name}")
    for option, text in [*((origin, text) for text in overrides), *flags.items()]:
        key, sign, value = text.partition("=")
        if not sign:
            raise ConfigError(f"{option} {text!r}: write section.key=value")
        _put(sources, keys, tuple(key.strip().split(".")), value, option)
    try:
        settings = model.model_validate_json(json.dumps(_with_defaults(keys, sources.values)), strict=True)
    except ValidationError as err:
        problems = [_problem(model, keys, sources, detail) for detail in err.errors(include_url=False)]
        return None, list(dict.fromkeys(problems))
    return Loaded(settings, {key.name: _origin(sources, key.path) for key in keys.values()}), []


def _with_defaults(keys: Mapping[KeyPath, Key], values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values with the missing keys of every section that is set in part.

    A section may have other defaults where it is used than where it is declared; setting one of its keys must leave
    the others as they were.
    """
    whole: dict[str, Value] = json.loads(json.dumps(values))
    for path, key in keys.items():
        if key.default is None and key.field.is_required():
            continue
        section: Value = whole
        for name in path[:-1]:
            section = section.get(name) if isinstance(section, dict) else None
        if isinstance(section, dict):
            section.setdefault(path[-1], plain(key.default))
    return whole


def override(base: M, overrides: Sequence[str], flags: Mapping[str, str] = NO_FLAGS, *, origin: str = SET_OPTION) -> M:
    """Return ``base`` with ``section.key=value`` texts applied to it; ``flags`` are such texts by option name.

    ``origin`` is the option that the texts of ``overrides`` come from, for messages.

    Raises:
        ConfigError: Lists every unknown key and wrong value.
    """
    sources = _Sources(json.loads(base.model_dump_json()))
    loaded, problems = _merged(type(base), sources, {}, overrides, flags, origin)
    if loaded is None:
        raise ConfigError("; ".join(problems))
    return loaded.settings


def _put(sources: _Sources, keys: Mapping[KeyPath, Key], path: KeyPath, text: str, origin: str) -> None:
    if not all(path):
        raise ConfigError(f"{origin}: {'.'.join(path)!r} is not a key; write section.key")
    target: dict[str, Value] = sources.values
    for at, name in enumerate(path[:-1]):
        inner = target.get(name)
        if not isinstance(inner, dict):
            inner = {}
            target[name] = inner
            sources.origins[path[: at + 1]] = origin
        target = inner
    key = keys.get(path)
    target[path[-1]] = text if key and _takes_text(key, text) else read_text_value(text, f"{origin} {'.'.join(path)}")
    for old in [known for known in sources.origins if known[: len(path)] == path]:
        del sources.origins[old]
    sources.origins[path] = origin


def _takes_text(key: Key, text: str) -> bool:
    """Return whether the field accepts the raw text, so that a text key may be set to ``123``."""
    annotation: Any = key.field.annotation
    try:
        TypeAdapter(annotation).validate_json(json.dumps(text), strict=True)
    except ValidationError:
        return False
    return True


def _origin(sources: _Sources, path: KeyPath) -> str:
    inside = {place: None for key, place in sources.origins.items() if key[: len(path)] == path}
    return ", ".join(inside) or "default"


def _place(sources: _Sources, path: KeyPath) -> str:
    while path:
        if path in sources.origins:
            return sources.origins[path]
        path = path[:-1]
    return "default"


def _problem(model: type[BaseModel], keys: Mapping[KeyPath, Key], sources: _Sources, detail: ErrorDetails) -> str:
    path = tuple(str(part) for part in detail["loc"])
    place = _place(sources, path)
    if detail["type"] == "extra_forbidden":
        path = next((key for key in sources.origins if key[: len(path)] == path), path)
        close = nearest(model, path)
        hint = f"; did you mean {close!r}?" if close else "; `polydesk config show` lists the valid keys"
        return f"{place}: unknown key {'.'.join(path)!r}{hint}"
    key = next((keys[path[:end]] for end in range(len(path), 0, -1) if path[:end] in keys), None)
    if key:
        inner = ".".join(path[len(key.path) :])
        told = f" ({inner}: {detail['msg'].lower()})" if inner and not _is_union_branch(sources, path) else ""
        value = json.dumps(_at(sources.values, key.path), ensure_ascii=False)
        return f"{place}: {key.name} = {value}: expected {key.expected}{told}"
    if detail["type"] == "value_error":
        message = detail["msg"].removeprefix("Value error, ")
        return f"{'.'.join(path) or 'configuration'}: {message}{_named_values(model, sources, path, message, detail)}"
    value = json.dumps(_at(sources.values, path), ensure_ascii=False)
    return f"{place}: {'.'.join(path)} = {value}: expected a section (a mapping of its keys)"


def _is_union_branch(sources: _Sources, path: KeyPath) -> bool:
    """Return whether the tail of a pydantic location names a union's branch rather than a key."""
    return _at(sources.values, path) is None


def _named_values(model: type[BaseModel], sources: _Sources, path: KeyPath, message: str, detail: ErrorDetails) -> str:
    """Say where the values of the fields named in a conflict message come from."""
    section = section_of(model, path)
    words = set(message.replace(",", " ").replace(":", " ").replace("'", " ").split())
    named = [name for name in (section.model_fields if section else {}) if name in words]
    told = [f"{name} from {_origin(sources, (*path, name))}" for name in named]
    return f" ({'; '.join(told)})" if told else ""


def _at(values: Value, path: KeyPath) -> Value:
    for name in path:
        if isinstance(values, dict):
            values = values.get(name)
        elif isinstance(values, list) and name.isdigit() and int(name) < len(values):
            values = values[int(name)]
        else:
            return None
    return values
