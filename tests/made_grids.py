"""A small made-up grid for the sensitivity page."""

from polydesk.report.study.grid import FORMAT, Axis, Cell, Grid, Point, combinations
from polydesk.report.study.reruns import Rerun

T0 = 1_776_323_400 * 10**9


def made_grid(*, complete: bool = True) -> Grid:
    axes = (
        Axis("latency", tuple(Point(n, {"exchange.order_latency_ms": n}) for n in ("10", "50", "150")), 1),
        Axis("queue", tuple(Point(n, {"exchange.queue_model": n}) for n in ("pessimistic", "probability")), 0),
        Axis("fees", tuple(Point(n, {"exchange.fee_scale": n}) for n in ("0", "1")), 1),
    )
    cells = tuple(Cell(at, _run(at)) for at in combinations(axes))
    return Grid(
        FORMAT, ("inventory_maker",), "</script><b>day.jsonl", "ab" * 32, False, 0, axes,
        cells if complete else cells[:-2], complete,
    )  # fmt: skip


def _run(at: tuple[int, int, int]) -> Rerun:
    net = (3 - 2 * at[0] + at[1] - at[2]) * 1_250_000
    curve = tuple((T0 + n * 60 * 10**9, net * n // 20) for n in range(21))
    broken = ("cash: off",) if at == (2, 1, 1) else ()
    return Rerun("grid", str(at), {}, net, 100 * at[2], 10, 5 + at[1], 10**7, 10**8, 10**6, broken, "cd" * 32, curve)
