"""Parameters: declared once, with unit, range, help and whether a tuner may move them.

Flags, configuration schema, documentation and search spaces are all read from these declarations.
"""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Params(BaseModel):
    """A frozen record of parameters; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


def param(
    default: Any, unit: str, text: str, *, low: float | None = None, high: float | None = None, tunable: bool = False
) -> Any:
    """Declare one parameter.

    Args:
        default: Value when nothing else is configured.
        unit: ``s``, ``ms``, ``price``, ``shares``, ``pUSD``, ``fraction``, ``count``, ``1`` or ``-`` (no number).
        text: One line of help.
        low: Smallest allowed value.
        high: Largest allowed value.
        tunable: Whether a search may change it.
    """
    return Field(
        default=default,
        ge=low,
        le=high,
        description=text,
        json_schema_extra={"unit": unit, "tunable": tunable},
    )


def seconds_ns(seconds: float) -> int:
    """Convert configured seconds to nanoseconds, exact to a microsecond."""
    return round(seconds * 1_000_000) * 1_000


def milliseconds_ns(milliseconds: float) -> int:
    """Convert configured milliseconds to nanoseconds, exact to a nanosecond."""
    return round(milliseconds * 1_000_000)


Money = Decimal
"""A configured amount of pUSD; converted once by ``model.grid.cash_u6``."""
