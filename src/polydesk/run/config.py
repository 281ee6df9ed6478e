"""How a session is driven: what no strategy, limit or venue rule depends on."""

from typing import Annotated, Literal

from annotated_types import Gt

from polydesk.model.params import Params, param


class RunConfig(Params):
    """Seed, pace and intervals of a session."""

    seed: int = param(0, "-", "seed of everything random: order names, salts, latency draws", low=0, high=2**63 - 1)
    speed: Literal["max", "auto"] | Annotated[float, Gt(0)] = param(
        "auto", "x", "virtual seconds per second; max for as fast as it goes; auto: 60 on a terminal, otherwise max"
    )
    checkpoint_rows: int = param(250_000, "rows", "tape rows between two checkpoints", low=1)
    live_state_hz: float = param(10.0, "1/s", "how often the live state is published", low=0, high=10)
    sync_every_ms: float = param(
        50.0, "ms", "longest time between two waits for the disk when speed is max; otherwise every send waits", low=0
    )
