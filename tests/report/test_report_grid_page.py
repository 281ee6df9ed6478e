"""The sensitivity page: self-contained, nothing but its own script runs, and the sliders move everything."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from made_grids import made_grid
from polydesk.report.grid_page import render_grid
from polydesk.report.words import Language, words_of


@pytest.fixture(scope="module")
def page() -> str:
    return render_grid(made_grid())


def test_only_its_own_script_may_run_and_nothing_is_loaded(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page).group(1)
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)


def test_names_cannot_end_the_data(page: str) -> None:
    data = re.search(r'<script type="application/json" id="grid-data">(.*?)</script>', page, re.DOTALL).group(1)
    told = json.loads(data)
    assert len(told["cells"]) == 12
    assert told["cells"]["1,0,1"]["told"]["pnl"] == "0.00"
    assert told["cells"]["2,1,1"]["pnl"] is None, "a broken run has no number"
    assert "</script><b>day" not in page


@pytest.mark.parametrize("language", list(Language))
def test_without_scripts_the_table_says_it_all(language: Language) -> None:
    words = words_of(language)
    page = render_grid(made_grid(), words)
    assert page.count("<tr") >= 13
    assert words("grid.noscript") in page
    assert words("grid.partial", n=10, whole=12) in render_grid(made_grid(complete=False), words)
    assert len(page.encode()) < 100_000


def test_the_sliders_move_numbers_curve_and_map(page: str, tmp_path: Path, chromium) -> None:
    path = tmp_path / "grid.html"
    path.write_text(page, encoding="utf-8")
    for width in (1_200, 380):
        complaints: list[str] = []
        tab = chromium.new_page(viewport={"width": width, "height": 900})
        tab.on("pageerror", lambda err: complaints.append(str(err)))  # noqa: B023
        tab.on("console", lambda told: complaints.append(told.text))  # noqa: B023
        tab.goto(path.as_uri())
        assert tab.locator("#told-pnl").inner_text() == "0.00"
        curve = tab.locator("#curve .mine").get_attribute("d")
        tab.locator("#axis-0").focus()
        tab.keyboard.press("ArrowRight")
        assert tab.locator("#told-pnl").inner_text() == "-2.50"
        assert tab.locator("#value-0").inner_text() == "150 ms"
        assert tab.locator("#axis-0").get_attribute("aria-valuetext") == "150 ms"
        assert tab.locator("#curve .mine").get_attribute("d") != curve
        assert tab.locator("#map .chosen").inner_text() == "-2.50"
        tab.locator("#map button").first.click()
        assert tab.locator("#told-pnl").inner_text() == "+2.50"
        assert tab.locator("#axis-0").input_value() == "0"
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert complaints == []
        tab.close()
