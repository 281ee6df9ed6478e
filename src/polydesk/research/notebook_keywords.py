"""Settings as keyword arguments: ``half_spread=0.02``, not ``desk.strategies.inventory_maker.half_spread=0.02``."""

import difflib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from polydesk.model.errors import ConfigError
from polydesk.run.settings import Settings
from polydesk.run.settings_keys import KeyPath, leaf_keys


def overrides_of(strategies: Sequence[str], keywords: Mapping[str, Any]) -> list[str]:
    """Return ``--set`` texts for keyword arguments.

    A name is a parameter of the strategies that run, else the last part of a key, else a whole key with ``__`` for each
    dot (``desk__risk__collar``), as far as it is needed to be clear (``exits__slippage``).

    Raises:
        ConfigError: A name fits no key or several.
    """
    return [f"{'.'.join(key_of(strategies, name))}={_text(value)}" for name, value in keywords.items()]


def key_of(strategies: Sequence[str], name: str) -> KeyPath:
    """Return the key a keyword means.

    Raises:
        ConfigError: It fits no key or several.
    """
    parts = tuple(name.split("__"))
    keys = list(leaf_keys(Settings))
    found = [path for path in keys if path[-len(parts) :] == parts]
    ours = [path for path in found if path[:2] == ("desk", "strategies") and path[2] in strategies]
    direct = [path for path in ours if len(path) == 3 + len(parts)]
    others = [path for path in found if path[:2] != ("desk", "strategies")]
    best = direct or ours or others or found
    if len(best) == 1:
        return best[0]
    if best:
        listed = ", ".join("__".join(path) for path in best[:4])
        raise ConfigError(f"setting {name!r} fits {len(best)} keys: {listed}; write more of it, with __ for each dot")
    near = difflib.get_close_matches(name, {path[-1] for path in keys}, n=2)
    raise ConfigError(f"setting {name!r} fits no key{f'; did you mean {chr(39) + near[0] + chr(39)}?' if near else ''}")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, Decimal) else json.dumps(value)
