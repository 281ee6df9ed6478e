"""Configuration text to plain values with the line of every key.

YAML 1.2 meanings, not 1.1: ``on``, ``no`` and ``0x12`` are text, ``1e-3`` is a number. Keys are always text, so
that token ids and condition ids survive; a key written twice is an error, and so is an alias.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from polydesk.model.errors import ConfigError

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
KeyPath = tuple[str, ...]

_RESOLVERS = (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9][0-9_]*$", list("-+0123456789")),
    ("float", r"^[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
    ("float", r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", list("-+.")),
)


class _CoreLoader(yaml.SafeLoader):
    """The safe loader with the scalar meanings of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own attribute


for _tag, _pattern, _first in _RESOLVERS:
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


@dataclass(frozen=True)
class Document:
    """A configuration file as written.

    Attributes:
        name: File name for messages.
        values: Nested plain values.
        lines: Line number, from 1, of every key and list item.
    """

    name: str
    values: dict[str, Value]
    lines: dict[KeyPath, int]


def read_document(path: Path) -> Document:
    """Read a YAML file whose root is a mapping; an empty file is an empty mapping.

    Raises:
        ConfigError: The file cannot be read, is not YAML, repeats a key or uses an alias; names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as err:
        raise ConfigError(f"{path}: cannot read the configuration: {err.strerror}; check --config") from err
    except UnicodeDecodeError as err:
        raise ConfigError(f"{path}: not UTF-8 text at byte {err.start}; save the file as UTF-8") from err
    walk = _Walk(str(path))
    values = walk.root(text)
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}:1: the configuration must be a mapping of sections, not a {_kind(values)}")
    return Document(str(path), values, walk.lines)


def read_text_value(text: str, what: str) -> Value:
    """Read one value as YAML flow text (``30``, ``[a, b]``); ``what`` names it in errors."""
    return _Walk(what).root(text)


class _Walk:
    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[KeyPath, int] = {}
        self._seen: set[int] = set()

    def root(self, text: str) -> Value:
        try:
            return self._read(text)
        except yaml.MarkedYAMLError as err:
            mark = err.problem_mark or err.context_mark
            where = f"{self.name}:{mark.line + 1}" if mark else self.name
            raise ConfigError(f"{where}: not valid YAML: {err.problem or err.context}") from err
        except yaml.YAMLError as err:
            raise ConfigError(f"{self.name}: not valid YAML: {' '.join(str(err).split())}") from err
        except RecursionError as err:
            raise ConfigError(f"{self.name}: nested too deeply; write plain sections and keys") from err

    def _read(self, text: str) -> Value:
        loader = _CoreLoader(text)
        try:
            node = loader.get_single_node()
            return None if node is None else self._value(loader, node, ())
        finally:
            loader.dispose()

    def _value(self, loader: _CoreLoader, node: yaml.Node, path: KeyPath) -> Value:
        if id(node) in self._seen:
            raise ConfigError(f"{self._at(node)}: aliases are not supported; write the value of {_dot(path)!r} out")
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(loader, child, (*path, str(at))) for at, child in enumerate(node.value)]
        return self._scalar(loader, node, path)

    def _scalar(self, loader: _CoreLoader, node: yaml.Node, path: KeyPath) -> Value:
        try:
            value = loader.construct_object(node, deep=True)
        except ValueError as err:
            raise ConfigError(f"{self._at(node)}: {_dot(path)!r}: {err}") from err
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{self._at(node)}: {_dot(path)!r} must be a finite number, not {node.value}")
        if value is None or isinstance(value, bool | int | float | str):
            return value
        raise ConfigError(f"{self._at(node)}: {_dot(path)!r}: tag {node.tag!r} is not supported; write a plain value")

    def _item(self, loader: _CoreLoader, node: yaml.Node, path: KeyPath) -> Value:
        self.lines[path] = node.start_mark.line + 1
        return self._value(loader, node, path)

    def _mapping(self, loader: _CoreLoader, node: yaml.MappingNode, path: KeyPath) -> dict[str, Value]:
        out: dict[str, Value] = {}
        for key_node, child in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise ConfigError(f"{self._at(key_node)}: a key must be plain text")
            key = str(key_node.value)
            here = (*path, key)
            if key in out:
                raise ConfigError(
                    f"{self._at(key_node)}: key {_dot(here)!r} is written twice; first on line {self.lines[here]}"
                )
            self.lines[here] = key_node.start_mark.line + 1
            out[key] = self._value(loader, child, here)
        return out

    def _at(self, node: yaml.Node) -> str:
        return f"{self.name}:{node.start_mark.line + 1}"


def _dot(path: KeyPath) -> str:
    return ".".join(path)


def _kind(value: Value) -> str:
    return "list" if isinstance(value, list) else "single value"
