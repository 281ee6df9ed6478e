"""Parameters: declared once, with unit, range, help and whether a tuner may move them.

Flags, configuration schema, documentation and search spaces are all read from these declarations.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_LARGEST = 1_000_000_000
_CASH_DIGITS = 6


class Params(BaseModel):
    """A frozen record of parameters; unknown keys, and amounts or times too large to be exact, are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _amounts_fit(self) -> Self:
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            unit = field.json_schema_extra.get("unit") if isinstance(field.json_schema_extra, dict) else None
            if isinstance(value, Decimal):
                if not -_LARGEST <= value <= _LARGEST or value.as_tuple().exponent < -_CASH_DIGITS:  # type: ignore[operator]
                    raise ValueError(f"{name} must be at most {_LARGEST:,} pUSD with at most {_CASH_DIGITS} decimals")
            elif unit in {"s", "ms"} and value > _LARGEST:
                raise ValueError(f"{name} must be at most {_LARGEST:,} {unit}")
        return self


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


@lru_cache(maxsize=1024)
def seconds_ns(seconds: float) -> int:
    """Convert configured seconds to nanoseconds, exact to a microsecond."""
    return round(seconds * 1_000_000) * 1_000


def milliseconds_ns(milliseconds: float) -> int:
    """Convert configured milliseconds to nanoseconds, exact to a nanosecond."""
    return round(milliseconds * 1_000_000)


Money = Decimal
"""A configured amount of pUSD; converted once by ``model.grid.cash_u6``."""
