"""Reading a schema file: YAML, checked key by key."""

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from polydesk.model.errors import ImportFailed
from polydesk.tape.importers.schema import TableSchema

_LAYOUTS = ("lists", "pairs", "wide")


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping: the first would be lost silently."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_schema(path: Path) -> TableSchema:
    """Read a schema file.

    Args:
        path: YAML; ``name`` may be left out and is then the file's name without its ending.

    Raises:
        ImportFailed: The file cannot be read, is not YAML, or a key or value is wrong; names file, key and fix.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as err:
        raise ImportFailed(f"{path}: the schema file cannot be read ({err}); check --schema") from err
    try:
        content = yaml.load(text, _UniqueKeys)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as err:
        told = " ".join(str(err).split())
        raise ImportFailed(f"{path}: not valid YAML ({told}); correct it there") from err
    if not isinstance(content, dict):
        raise ImportFailed(f"{path}: is not a mapping of keys; docs/importing.md shows complete schemas")
    try:
        return TableSchema.model_validate({"name": path.stem, **content})
    except ValidationError as err:
        problems = [_problem(detail) for detail in err.errors()]
        more = "" if len(problems) == 1 else f" (and {len(problems) - 1} more: {'; '.join(problems[1:])})"
        raise ImportFailed(f"{path}: {problems[0]}{more}") from err


def _problem(detail: ErrorDetails) -> str:
    path = [str(part) for part in detail["loc"] if part not in _LAYOUTS]
    key = ".".join(path) or "schema"
    kind = detail["type"]
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(path[-1], _keys(path[:-1]), 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(_keys(path[:-1]))}"
        return f"unknown key {key!r}; {hint}"
    if kind == "missing":
        return f"key {key!r} is missing; add it"
    if kind == "value_error":
        return f"{key}: {detail['msg'].removeprefix('Value error, ')}"
    if isinstance(detail["input"], bool):
        return f"{key}: {detail['input']} is a YAML truth value; write the word in quotes"
    return f"{key} = {detail['input']!r}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _keys(path: list[str]) -> list[str]:
    """Return the keys that may stand at a place of a schema."""
    models: list[type[BaseModel]] = [TableSchema]
    for name in path:
        inside = [model.model_fields[name].annotation for model in models if name in model.model_fields]
        models = [part for annotation in inside for part in _parts(annotation)]
    return list(dict.fromkeys(key for model in models for key in model.model_fields))


def _parts(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for inner in getattr(annotation, "__args__", ()) for part in _parts(inner)]
