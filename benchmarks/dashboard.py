"""How fast the dashboard is, in real Chromium on this machine; exit code 1 when a target is missed.

First paint and numbers: medians of fresh browser contexts with an empty cache. Layout shift: the browser's own
measure, while loading and while a desk runs. Lag: how old the state is that the page shows, by the wall clock of its
publication. Processor time: that of the dashboard's process with one page open on an ended session. Nothing else
should run meanwhile.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from polydesk.model.errors import SessionError
from polydesk.monitor.listen import listen
from polydesk.monitor.spawn import Spawned, start
from polydesk.report.quantities import utc
from polydesk.run.publish import FILE_NAME as LIVE
from polydesk.run.snapshot import read_live_state

LOADS = 7
IDLE_S = 20.0
LIVE_S = 15.0
TARGETS = {
    "first paint, s": 1.0,
    "numbers visible, s": 1.0,
    "answers to clicks after, s": 2.0,
    "layout shift while loading": 0.01,
    "layout shift while live": 0.01,
    "idle, % of a core": 5.0,
    "lag p95, s": 1.0,
}

_RUN = "import sys; from polydesk.cli import main; sys.exit(main())"
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip
_WATCH = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
const look = () => {
  const value = document.querySelector(".pd-tile .value");
  if (value && value.offsetParent && value.textContent.trim()) {
    requestAnimationFrame(() => setTimeout(() => { window.numbers = performance.now(); }));
  } else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def main() -> int:
    path = os.environ.get("POLYDESK_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        print("no Chromium: install it or name one with POLYDESK_CHROMIUM", file=sys.stderr)
        return 2
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        subprocess.run([*_desk(home), "--speed", "max"], check=True, capture_output=True)
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        with _serve(home) as dashboard:
            found |= _loading(browser, dashboard.url)
            found |= _idle(browser, dashboard)
            found |= _live(browser, dashboard, home)
        browser.close()
    return _tell(found)


def _desk(home: Path) -> list[str]:
    return [sys.executable, "-c", _RUN, "run", "--no-dashboard", "--exit-when-done", "--data-dir", str(home)]


def _serve(home: Path) -> Spawned:
    with listen(0).socket as taken:
        port = taken.getsockname()[1]
    return start(home, port, "en").ready()


def _open(browser: Browser, url: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(_WATCH)
    page.goto(url)
    page.wait_for_function("() => window.numbers && window.did_handshake")
    return page


def _loading(browser: Browser, url: str) -> dict[str, float]:
    told: dict[str, list[float]] = {"paint": [], "numbers": [], "answers": [], "shift": []}
    for _ in range(LOADS):
        page = _open(browser, url)
        answers = float(page.evaluate("performance.now()"))
        page.wait_for_selector("#app .pd-chart canvas")
        page.wait_for_timeout(500)
        paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        values = page.evaluate(f"[{paint}, window.numbers, window.shift]")
        for name, value in zip(("paint", "numbers", "shift"), values, strict=True):
            told[name].append(value)
        told["answers"].append(answers)
        page.context.close()
    return {
        "first paint, s": statistics.median(told["paint"]) / 1000,
        "numbers visible, s": statistics.median(told["numbers"]) / 1000,
        "answers to clicks after, s": statistics.median(told["answers"]) / 1000,
        "layout shift while loading": max(told["shift"]),
    }


def _idle(browser: Browser, dashboard: Spawned) -> dict[str, float]:
    page = _open(browser, dashboard.url)
    page.wait_for_timeout(5000)
    before, since_s = _used_s(dashboard.pid), time.monotonic()
    page.wait_for_timeout(IDLE_S * 1000)
    used = _used_s(dashboard.pid) - before
    share = 100 * used / (time.monotonic() - since_s)
    page.context.close()
    return {"idle, % of a core": share}


def _used_s(pid: int) -> float:
    """Return the processor time of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _live(browser: Browser, dashboard: Spawned, home: Path) -> dict[str, float]:
    known = {path.name for path in (home / "sessions").iterdir()}
    desk = subprocess.Popen([*_desk(home), "--speed", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        folder = _started(home, known, desk)
        page = _open(browser, f"{dashboard.url}/?session={folder.name}")
        page.wait_for_selector("#app .fills tbody tr.pd-pick")
        page.wait_for_timeout(2000)
        page.evaluate("window.shift = 0")
        ages = _ages(page, folder)
        shift = float(page.evaluate("window.shift"))
        page.context.close()
    finally:
        desk.kill()
        desk.wait()
    return {
        "layout shift while live": shift,
        "lag p50, s": statistics.median(ages),
        "lag p95, s": statistics.quantiles(ages, n=20)[-1],
        "lag max, s": max(ages),
    }


def _started(home: Path, known: set[str], desk: "subprocess.Popen[bytes]") -> Path:
    while desk.poll() is None:
        new = [path for path in (home / "sessions").iterdir() if path.name not in known and _read(path)]
        if new:
            return new[0]
        time.sleep(0.05)
    raise RuntimeError("the desk ended before it published anything; run `polydesk run --speed 60` to see why")


def _read(folder: Path) -> Any:
    try:
        return read_live_state(folder / LIVE)
    except SessionError:
        return None


def _ages(page: Page, folder: Path) -> list[float]:
    """Return, for many moments, how long ago the state that the page shows was published, seconds.

    At 60 times real time every published state has a virtual second of its own, which is what the page shows.
    """
    published: dict[str, int] = {}
    ages = []
    until_s = time.monotonic() + LIVE_S
    while time.monotonic() < until_s:
        state = _read(folder)
        if state is not None:
            published.setdefault(utc(state.ts_ns), state.published_ns)
        shown = str(page.evaluate("document.querySelector('#app .pd-head .line').textContent")).partition(" UTC")[0]
        if shown in published:
            ages.append((time.time_ns() - published[shown]) / 1e9)
        page.wait_for_timeout(15)
    return ages


def _tell(found: dict[str, float]) -> int:
    missed = [name for name, target in TARGETS.items() if found[name] > target]
    for name, value in found.items():
        target = f"(at most {TARGETS[name]:g})" if name in TARGETS else ""
        print(f"{name:28} {value:8.3f} {target}{'  MISSED' if name in missed else ''}", file=sys.stderr)
    print(
        json.dumps(
            {
                "benchmark": "dashboard",
                "found": {name: round(value, 4) for name, value in found.items()},
                "missed": missed,
            }
        )
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
