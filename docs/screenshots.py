"""Takes the pictures in ``docs/images`` from a desk that trades the bundled recordings: ``python docs/screenshots.py``.

It needs Chromium (Debian's, or the one POLYDESK_CHROMIUM names) and takes about a minute. Every number on the pictures
comes from the sessions it runs; the recordings are those in ``data/``.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from polydesk.monitor.listen import listen
from polydesk.monitor.spawn import start

IMAGES = Path(__file__).parent / "images"
MOST_BYTES = 300_000

_RUN = "import sys; from polydesk.cli import main; sys.exit(main())"
_WIDE = {"width": 1440, "height": 1000}
_PHONE = {"width": 390, "height": 844}
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip


def main() -> int:
    """Take all pictures; exit code 1 when one is too large to be kept."""
    path = os.environ.get("POLYDESK_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.stderr.write("no Chromium: install it or name one with POLYDESK_CHROMIUM\n")
        return 2
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="polydesk-") as folder, sync_playwright() as playwright:
        home = Path(folder) / "desk"
        home.mkdir()
        subprocess.run(_desk(home, "run", "--no-dashboard", "--exit-when-done", "--speed", "max"), check=True)
        strict = "desk.strategies.mean_reversion.min_deviation=0.08"
        subprocess.run(_desk(home, "backtest", "--strategy", "mean_reversion", "--set", strict), check=True)
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        with listen(0).socket as taken:
            port = taken.getsockname()[1]
        with start(home, port, "en").ready() as dashboard:
            _sessions(browser, dashboard.url, home)
            _running(browser, dashboard.url, home)
        browser.close()
    large = [image.name for image in IMAGES.glob("*.png") if image.stat().st_size > MOST_BYTES]
    for image in sorted(IMAGES.glob("*.png")):
        sys.stdout.write(
            f"{image.name}: {image.stat().st_size:,} bytes{'  TOO LARGE' if image.name in large else ''}\n"
        )
    return 1 if large else 0


def _desk(home: Path, *args: str) -> list[str]:
    return [sys.executable, "-c", _RUN, *args, "--data-dir", str(home), "--json"]


@contextmanager
def _page(browser: Browser, url: str, size: dict[str, int], scheme: str) -> Iterator[Page]:
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(url)
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


def _sessions(browser: Browser, url: str, home: Path) -> None:
    names = sorted(path.name for path in (home / "sessions").iterdir())
    with _page(browser, f"{url}/sessions?compare={','.join(names)}", _WIDE, "light") as page:
        page.wait_for_selector("#app .pd-chart canvas")
        page.screenshot(path=IMAGES / "sessions-compare.png")
    paper = next(name for name in names if name.startswith("paper"))
    with _page(browser, f"{url}/sessions/{paper}/report", _WIDE, "light") as page:
        page.screenshot(path=IMAGES / "report.png")


def _running(browser: Browser, url: str, home: Path) -> None:
    """Take the desk while it trades: until a market has some fills of ours, a position and orders in its ladder."""
    known = len(list((home / "sessions").iterdir()))
    command = _desk(home, "run", "--no-dashboard", "--exit-when-done", "--speed", "40")
    desk = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with _page(browser, url, _WIDE, "light") as page:
            page.wait_for_function("() => /running/.test(document.querySelector('[data-key=state]')?.textContent)")
            page.wait_for_function(
                "() => document.querySelectorAll('#app .settlements tbody th').length >= 3 && "
                "document.querySelector('#app .bid .own span') && document.querySelector('#app .ask .own span')",
                timeout=120_000,
            )
            page.evaluate("document.querySelector('#app .pd-tiles').scrollIntoView(); scrollBy(0, -110)")
            page.screenshot(path=IMAGES / "desk-light.png")
            with _page(browser, url, _WIDE, "dark") as dark:
                dark.wait_for_function("() => document.querySelectorAll('#app .pd-chart canvas').length === 3")
                dark.wait_for_function(
                    "() => /Prices from/.test(document.querySelector('.prices .pd-note').textContent)"
                )
                dark.evaluate("document.querySelector('.market').scrollIntoView(); scrollBy(0, -70)")
                dark.wait_for_timeout(800)
                dark.screenshot(path=IMAGES / "desk-dark.png")
            with _page(browser, url, _PHONE, "light") as phone:
                phone.wait_for_selector("#app .pd-chart canvas")
                phone.wait_for_timeout(800)
                phone.screenshot(path=IMAGES / "desk-phone.png")
            page.locator("#app .refusals tbody tr").first.get_by_role("button").click()
            page.get_by_role("dialog").wait_for()
            page.wait_for_timeout(300)
            page.screenshot(path=IMAGES / "decision.png")
        if len(list((home / "sessions").iterdir())) == known:
            raise RuntimeError("the desk did not start; run `polydesk run --speed 40` to see why")
    finally:
        desk.kill()
        desk.wait()


if __name__ == "__main__":
    sys.exit(main())
