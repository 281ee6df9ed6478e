"""Somebody's strategy by name, by module or by file."""

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from polydesk.model.errors import ConfigError
from polydesk.signals import Strategy, StrategyParams
from polydesk.strategies import STRATEGIES

FORMS = f"give one of {', '.join(STRATEGIES)}, package.module:Class or path/to/file.py:Class"


def load_strategy(spec: str, params: dict[str, Any] | None = None) -> Strategy[Any, Any]:
    """Make a strategy.

    Args:
        spec: A strategy of polydesk, ``package.module:Class``, ``file.py:Class``, or ``file.py`` that has just one.
        params: Parameters that differ from their defaults.

    Raises:
        ConfigError: There is no such strategy, or a parameter is unknown or has a wrong value.
    """
    kind = STRATEGIES[spec][0] if spec in STRATEGIES else _class(spec)
    declared = params_type(kind)
    try:
        return kind(declared(**(params or {})))
    except ValidationError as err:
        wrong = "; ".join(_wrong(declared, detail) for detail in err.errors())
        raise ConfigError(f"--strategy {spec}: {wrong}") from err


def configured(strategies: BaseModel, spec: str) -> dict[str, Any]:
    """Return the parameters the configuration has for a strategy of polydesk; none for somebody else's."""
    if spec not in STRATEGIES:
        return {}
    params: dict[str, Any] = getattr(strategies, spec).model_dump(mode="json", exclude={"enabled"})
    return params


def _wrong(declared: type[StrategyParams], detail: ErrorDetails) -> str:
    name = ".".join(map(str, detail["loc"]))
    if detail["type"] == "extra_forbidden":
        inside: Any = declared
        for part in detail["loc"][:-1]:
            inside = inside.model_fields[str(part)].annotation
        return f"--param {name}: there is no such parameter; choose one of {', '.join(inside.model_fields)}"
    if detail["type"] == "model_type":
        return f"--param {name}={detail['input']}: is a section; set one of its keys, as in {name}.KEY=VALUE"
    if not name:
        return detail["msg"].removeprefix("Value error, ")
    return f"--param {name}={detail['input']}: {detail['msg'].lower()}"


def params_type(kind: type[Strategy[Any, Any]]) -> type[StrategyParams]:
    """Return the parameters a strategy class declares: the first argument of ``Strategy[...]``."""
    for base in inspect.getmro(kind):
        for generic in getattr(base, "__orig_bases__", ()):
            for given in get_args(generic):
                if isinstance(given, type) and issubclass(given, StrategyParams):
                    return given
    return StrategyParams


def _class(spec: str) -> type[Strategy[Any, Any]]:
    place, _, name = spec.rpartition(":") if ":" in spec else (spec, "", "")
    module = _module(place, spec)
    found = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Strategy) and value.__module__ == module.__name__
    }
    if name:
        if name not in found:
            raise ConfigError(f"--strategy {spec}: {place} has no strategy {name!r}; it has {_listed(found)}")
        return found[name]
    if len(found) != 1:
        raise ConfigError(f"--strategy {spec}: name one of its strategies as {place}:Class; it has {_listed(found)}")
    return next(iter(found.values()))


def _module(place: str, spec: str) -> ModuleType:
    if place.endswith(".py"):
        return _file(Path(place), spec)
    try:
        return importlib.import_module(place)
    except ImportError as err:
        raise ConfigError(f"--strategy {spec}: {place!r} cannot be imported ({err}); {FORMS}") from err


def _file(path: Path, spec: str) -> ModuleType:
    if not path.is_file():
        raise ConfigError(f"--strategy {spec}: there is no file {path}; {FORMS}")
    name = f"polydesk_strategy_{path.stem}"
    described = importlib.util.spec_from_file_location(name, path)
    if described is None or described.loader is None:
        raise ConfigError(f"--strategy {spec}: {path} is not a Python file")
    module = importlib.util.module_from_spec(described)
    sys.modules[name] = module
    try:
        described.loader.exec_module(module)
    except (ImportError, SyntaxError) as err:
        raise ConfigError(f"--strategy {spec}: {path} cannot be imported ({err})") from err
    return module


def _listed(found: dict[str, type[Strategy[Any, Any]]]) -> str:
    return ", ".join(found) or "none"
