"""Head, strip, figures, lists and comparison say what the session's data say, in units, and never silently less."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.monitor.first_paint import first_paint
from polydesk.monitor.panels import head, lists, money, sessions, strip, trust
from polydesk.monitor.panels.active_time import active_time
from polydesk.monitor.session_view import Brief, SessionView
from polydesk.monitor.words import Language, words_for
from polydesk.report.quantities import cash, gain, utc
from polydesk.store.view_rows import CurveEnds, MarkRow
from polydesk.tape.manifest import Source
from polydesk.tape.verdict import Verdict

WORDS = words_for(Language.EN)
WALL_NS = 1_790_000_100_000_000_000


def changed(view, **live):
    """The session with another live state."""
    told = msgspec.structs.replace(view.live, **live)
    return SessionView(view.name, view.row, told, (), view.manifest, view.marks, view.lists, view.totals, view.records)


def unpublished(view):
    """The session as it looks without a live state."""
    return SessionView(view.name, view.row, None, (), view.manifest, view.marks, view.lists, view.totals, view.records)


NOTHING = sessions.Realised({}, {})


def verdict(*, ok, witness="best_prices", problems=(), compared=0, mismatched=0, minutes=0, bad_minutes=0):
    return Verdict("ab", 1, 1, ok, witness, problems, compared, mismatched, minutes, bad_minutes)


def by_key(items):
    return {item["key"]: item for item in items}


def test_the_figures_are_those_of_the_desk(view):
    tiles = by_key(money.tiles(view, WORDS))
    assert tiles["pnl_matched"]["value"] == gain(view.live.pnl_u6[0])
    assert tiles["pnl_confirmed"]["value"] == gain(view.live.pnl_u6[1])
    assert tiles["equity"]["value"] == cash(view.live.equity_u6[0])
    assert tiles["fees"]["value"] == cash(view.totals.fees_u6)
    assert tiles["fills"]["value"] == str(view.totals.fills)
    assert {tile["unit"] for tile in tiles.values()} == {"pUSD", "orders", "fills"}


def test_a_resumed_desk_counts_what_it_did_before_it_was_killed(view):
    # The counters are those of the process, which began anew; the ledger has the whole session.
    resumed = changed(view, counters={"orders": 3, "fills": 1})
    tiles = by_key(money.tiles(resumed, WORDS))
    assert tiles["orders"]["value"] == f"{view.totals.orders:,}"
    assert tiles["fills"]["value"] == f"{view.totals.fills:,}"
    ahead = changed(view, counters={"orders": view.totals.orders + 5, "fills": view.totals.fills + 2})
    tiles = by_key(money.tiles(ahead, WORDS))
    assert tiles["orders"]["value"] == f"{view.totals.orders + 5:,}"
    assert tiles["fills"]["value"] == f"{view.totals.fills + 2:,}"


def test_a_broken_sentinel_takes_the_place_of_every_amount(view):
    tiles = money.tiles(changed(view, sentinels="broken: cash"), WORDS)
    amounts = [tile for tile in tiles if tile["key"] in {"pnl_matched", "pnl_confirmed", "equity", "drawdown", "fees"}]
    assert [tile["value"] for tile in amounts] == ["broken"] * 5
    assert {tile["unit"] for tile in amounts} == {""}
    brief = changed(view, sentinels="broken: cash").brief()
    assert sessions.figures(brief, WORDS)["pnl_matched"] == "broken"


def test_without_a_live_state_the_ledger_answers(view):
    left = unpublished(view)
    tiles = by_key(money.tiles(left, WORDS))
    assert tiles["pnl_matched"]["value"] == gain(view.marks[-1].matched_u6 - view.marks[0].matched_u6)
    assert tiles["equity"]["value"] == cash(view.marks[-1].matched_u6)
    (meter,) = money.meters(left, WORDS)
    assert meter["text"] == f"{cash(view.marks[-1].exposure_u6)} of 3,500.00 pUSD (0.0 %)"
    assert by_key(strip.strip(left, WORDS, following=False))["published"]["text"] == "nothing published"
    assert "assumed" in by_key(trust.trust(left, WORDS, 0))
    assert money.meters(SessionView("x"), WORDS) == []


def test_caps_of_another_version_are_not_guessed(view):
    row = msgspec.structs.replace(view.row, config='{"risk": {}}')
    assert money.meters(SessionView(view.name, row, marks=view.marks), WORDS) == []


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=1500))
def test_curves_keep_their_ends_and_their_deepest_fall(equity):
    marks = tuple(MarkRow(at, at * 10**9, worth, worth, 0) for at, worth in enumerate(equity))
    view = SessionView("x", marks=marks)
    axis = money.time_axis(view)
    matched = money.equity(view, axis, WORDS)[0]["data"]
    assert matched[0][1] == 0
    assert matched[-1] == [axis.at(marks[-1].ts_ns), round((equity[-1] - equity[0]) / 1e6, 4)]
    assert len(matched) <= money.POINTS + 2
    falls = money.drawdown(view, axis, WORDS)[0]["data"]
    deepest, now = money.fall(view)
    assert min(point[1] for point in falls) == round(-deepest / 1e6, 4)
    assert now == max(equity) - equity[-1]


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=40))
def test_the_axis_without_pauses_keeps_the_order_of_instants(times):
    axis = active_time(times)
    places = [axis.at(at) for at in sorted(times)]
    assert places == sorted(places)
    assert places[0] == 0


def test_the_head_names_mode_state_data_and_trust(view):
    chips = by_key(head.chips(view, WORDS))
    assert [chips[key]["text"] for key in ("mode", "state", "data", "sentinels")] == [
        "paper", "ended", "constructed data", "books balance",
    ]  # fmt: skip
    (banner,) = strip.banners(view, WORDS)
    assert banner["text"].startswith("CONSTRUCTED DATA")
    assert strip.banners(SessionView("x"), WORDS) == []
    live = by_key(head.chips(changed(view, mode="live", sentinels="broken: fees", loss_switch="tripped"), WORDS))
    assert live["mode"] == {"key": "mode", "text": "LIVE", "tone": "bad", "title": "What the orders do"}
    assert (live["sentinels"]["text"], live["sentinels"]["title"]) == ("books broken", "broken: fees")
    assert live["loss"]["text"] == "daily loss: entries stopped"


def test_a_desk_that_stopped_publishing_is_called_silent_and_advice_is_given(view):
    quiet = changed(view, state="running", published_ns=WALL_NS - 7_400_000_000)
    assert head.silent_s(quiet, WALL_NS) == pytest.approx(7.4)
    assert by_key(strip.strip(quiet, WORDS, following=True, wall_ns=WALL_NS))["published"]["text"] == "7 s ago"
    (note,) = strip.notes(quiet, WORDS, Path("/data dir"), WALL_NS)
    assert f"polydesk run --resume {view.name} --data-dir '/data dir'" in note
    later = WALL_NS + 60_000_000_000
    assert strip.notes(quiet, WORDS, Path("/data dir"), later) == [note], "a note that changes is read out again"
    assert head.chips(quiet, WORDS)[1]["text"] == "silent"
    fresh = changed(view, state="running", published_ns=WALL_NS - 300_000_000)
    assert strip.notes(fresh, WORDS, Path("d"), WALL_NS) == []
    assert (
        by_key(strip.strip(fresh, WORDS, following=True, wall_ns=WALL_NS))["published"]["text"] == "less than 1 s ago"
    )
    ended = by_key(strip.strip(view, WORDS, following=False))["published"]["text"]
    assert ended.startswith("last at 20")


def test_a_halted_session_says_why_and_how_to_go_on(view):
    row = msgspec.structs.replace(view.row, state="halted", reason="disk_full")
    halted = SessionView(view.name, row, msgspec.structs.replace(view.live, state="halted"))
    (note,) = strip.notes(halted, WORDS, Path("d"))
    assert "disk full" in note
    assert "--resume" in note


def test_source_and_age_are_told(view):
    items = by_key(strip.strip(changed(view, state="running"), WORDS, following=True, wall_ns=WALL_NS))
    assert items["session"]["text"] == f"{view.name}, the newest"
    assert items["source"]["text"] == view.live.source
    recorded = msgspec.structs.replace(view.manifest, sources=(Source("a.jsonl", "raw", "ab", 1, 1, 0, 1, {}, {}),))
    assert strip.source(SessionView(view.name, view.row, view.live, manifest=recorded)) == "a.jsonl"
    assert strip.source(SessionView(view.name, view.row)) == view.row.tape_path
    book = msgspec.structs.replace(view.live.books[0], age_ns=1_500_000_000, settled=False)
    aged = changed(view, books=(book,))
    assert strip.row_age(aged, WORDS) == "1.5 s old in virtual time"
    assert strip.row_age(changed(view, books=()), WORDS) == "unknown"


def test_lists_show_what_the_ledger_has(view):
    fills = lists.fills(view, WORDS)
    assert len(fills) == min(lists.SHOWN, len(view.lists.fills))
    assert fills[0]["id"] == view.lists.fills[0].intent
    assert [row["id"] for row in lists.refusals(view, WORDS)] == [
        row.intent for row in view.lists.refusals[: lists.SHOWN]
    ]
    acts = lists.decisions(view, WORDS, acts_only=True)
    both = lists.decisions(view, WORDS, acts_only=False)
    assert acts
    assert not any(row["tone"] == "soft" for row in acts)
    assert any(row["tone"] == "soft" for row in both)
    assert len(lists.settlements(view, WORDS)) == 2
    for name in lists.HEADS:
        assert len(lists.columns(name, WORDS)) == len(lists.HEADS[name])


@pytest.mark.parametrize("language", list(Language))
def test_every_cell_has_a_heading_in_both_languages(view, language):
    words = words_for(language)
    for name, rows in (
        ("positions", lists.positions(view, words)), ("orders", lists.orders(view, words)),
        ("decisions", lists.decisions(view, words, acts_only=False)), ("refusals", lists.refusals(view, words)),
        ("fills", lists.fills(view, words)), ("settlements", lists.settlements(view, words)),
        ("assumed", lists.assumed(view, words)),
    ):  # fmt: skip
        assert all(len(row["cells"]) == len(lists.HEADS[name]) for row in rows), name
    row = sessions.row(view.brief(), words, chosen=False)
    assert len(row["cells"]) == len(sessions.HEADS)


def test_two_sessions_are_compared_and_differences_marked(view):
    other_row = msgspec.structs.replace(view.row, seed=8)
    other = SessionView("other", other_row, view.live, (), view.manifest, view.marks, view.lists, view.totals)
    realised = (sessions.Realised({"a": 5_000_000}, {}), sessions.Realised({"a": -1_000_000}, {"stop": 1}))
    told = sessions.comparison((view, other), realised, WORDS, differing=False)
    rows = {row["cells"][0]: row["cells"][1:] for row in told["rows"]}
    assert rows["Recording"] == [{"text": "-", "title": "-"}] * 2 + ["no"]
    assert rows["Seed"] == [str(view.row.seed), "8", "yes"]
    assert rows["PnL matched, pUSD"][2] == "no"
    assert rows["Realised by a, pUSD"] == ["+5.00", "-1.00", "yes"]
    only = sessions.comparison((view, other), realised, WORDS, differing=True)
    assert {row["cells"][0] for row in only["rows"]} == {name for name, cells in rows.items() if cells[2] == "yes"}
    assert [column["key"] for column in told["columns"]] == ["what", view.name, "other", "differs"]
    assert [one["name"] for one in sessions.curves((view, other))] == [view.name, "other"]


def test_a_session_known_by_its_name_only_is_still_a_row():
    row = sessions.row(Brief("bare"), WORDS, chosen=True)
    assert row["cells"][1]["text"] == "bare"
    assert [row["cells"][at] for at in (2, 3)] == [{"text": "-", "tone": ""}] * 2
    assert row["cells"][4] == {"text": "-", "title": ""}
    assert row["cells"][6] == {"text": "unknown", "tone": ""}
    assert row["cells"][13] == {"text": "unknown", "tone": "", "title": "nobody has checked"}


def test_the_list_tells_sessions_apart(view):
    told = sessions.what(view.brief(), WORDS)
    ran = f"mean_reversion, inventory_maker · seed {view.row.seed}"
    assert told["title"] == f"{Path(view.row.tape_path).name} · constructed data · {ran}"
    two = replace(view.brief(), source=("book_20260416_0700.parquet", "b"), constructed=False)
    assert sessions.what(two, WORDS) == {
        "text": f"book_20260416_0… +1 · mean_reversion, inventory_maker · seed {view.row.seed}",
        "title": f"book_20260416_0700.parquet, b · mean_reversion, inventory_maker · seed {view.row.seed}",
    }
    older = replace(two, row=msgspec.structs.replace(view.row, config='{"desk": {}}'), source=())
    assert sessions.what(older, WORDS)["text"].endswith(f" · seed {view.row.seed}")
    amounts = [sessions.HEADS.index(head) for head in ("#pnl_matched", "#pnl_confirmed")]
    assert amounts == [2, 3], "a phone shows the first columns"


def test_results_of_different_rows_come_with_a_caution(view):
    def on(**row):
        return replace(view, row=msgspec.structs.replace(view.row, **row))

    assert sessions.caution((view, on(seed=9)), WORDS) == ""
    assert sessions.caution((view, on(tape_sha256="ab")), WORDS).startswith("Different recordings: results cannot")
    assert sessions.caution((view, on(tape_end=5)), WORDS).startswith("Different parts of the recording")
    told = sessions.comparison((view, on(tape_sha256="ab")), (NOTHING, NOTHING), WORDS, differing=False)
    assert [row["cells"][0] for row in told["rows"][:2]] == ["Recording", "Tape"]
    assert told["rows"][1]["cells"][-1] == "yes"


def test_the_share_of_makers_is_that_of_all_fills(view):
    totals = msgspec.structs.replace(view.totals, fills=150, kept=147, makers=15)
    tile = by_key(money.tiles(replace(view, totals=totals), WORDS))["fills"]
    assert tile["remark"] == "10.2 % as maker"
    assert by_key(money.tiles(SessionView("x"), WORDS))["fills"]["remark"] == ""


def test_data_that_are_not_good_are_told_everywhere(view):
    bad = replace(view, verdict=verdict(ok=False, mismatched=54_074, compared=112_752, minutes=5, bad_minutes=5))
    why = "54,074 of 112,752 best prices differ; 5 of 5 compared minutes bad"
    chip = by_key(head.chips(bad, WORDS))["verdict"]
    assert (chip["text"], chip["tone"], chip["title"]) == ("data not good", "bad", why)
    fact = by_key(trust.trust(bad, WORDS, 0))["data"]
    assert (fact["text"], fact["tone"]) == (why, "bad")
    assert strip.banners(bad, WORDS)[0]["text"].startswith(f"DATA NOT GOOD: {why}.")
    cell = sessions.row(bad.brief(), WORDS, chosen=False)["cells"][13]
    assert cell == {"text": "data not good (constructed data)", "tone": "bad", "title": why}


@pytest.mark.parametrize(
    ("found", "text", "tone"),
    [
        ({"ok": True, "mismatched": 72, "compared": 76_896, "minutes": 4}, "checked: 72 of 76,896 differ", ""),
        ({"ok": True, "witness": "none"}, "nothing to check against", "warn"),
        ({"ok": False, "problems": ("hash", "order"), "compared": 3, "minutes": 1}, "hash; order", "bad"),
        ({"ok": False, "witness": "none"}, "nothing to check against", "bad"),
    ],
)
def test_what_the_check_of_the_data_found_is_told(view, found, text, tone):
    seen = replace(view, verdict=verdict(**found))
    fact = by_key(trust.trust(seen, WORDS, 0))["data"]
    assert (fact["text"], fact["tone"]) == (text, tone)
    assert ("verdict" in by_key(head.chips(seen, WORDS))) is (tone == "bad")


def test_data_nobody_checked_are_said_to_be_unchecked(view):
    fact = by_key(trust.trust(replace(view, verdict=None), WORDS, 0))["data"]
    assert (fact["text"], fact["tone"]) == ("nobody has checked", "")


def test_a_vote_is_called_a_vote(view):
    vote = msgspec.structs.replace(view.lists.acts[0], strategy="ensemble")
    (row,) = lists.decisions(replace(view, lists=replace(view.lists, acts=(vote,))), WORDS, acts_only=True)
    assert row["cells"][1] == "vote of the strategies"


def test_times_of_another_day_say_which(view):
    day_ns = 86_400_000_000_000
    told = lists.fills(view, WORDS)[0]["cells"][0]
    assert len(told) == len("12:34:56")
    later = changed(view, ts_ns=view.live.ts_ns + 3 * day_ns)
    stamp = utc(view.lists.fills[0].ts_ns)
    assert lists.fills(later, WORDS)[0]["cells"][0] == stamp[5:16]
    assert told == stamp[11:]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=3000))
def test_the_drawdown_ends_where_it_is_now_and_keeps_the_deepest_fall(equity):
    marks = tuple(MarkRow(at, at * 10**9, worth, worth, 0) for at, worth in enumerate(equity))
    view = SessionView("x", marks=marks)
    (curve,) = money.drawdown(view, money.time_axis(view), WORDS)
    depth, now = money.fall(view)
    assert min(point[1] for point in curve["data"]) == round(-depth / 1e6, 4)
    assert curve["data"][-1] == [(len(equity) - 1) * 1000, round(-now / 1e6, 4)]
    assert len(curve["data"]) <= 2 * money.POINTS + 1


def test_the_fall_counts_what_came_behind_the_last_mark(view):
    curve = CurveEnds(100, 90, 90, 120, 30)
    assert money.fall_of(curve, None) == (30, 30)
    live = msgspec.structs.replace(view.live, equity_u6=(50, 50))
    assert money.fall_of(curve, live) == (70, 70)
    assert money.fall_of(None, live) == (0, 0)


def test_names_cannot_become_html_or_leave_their_address():
    name = "<script>alert(1)</script>&\"'/../x"
    view = SessionView(name)
    page = first_paint(
        head.masthead(view, WORDS, "desk", {"session": name}),
        {"items": strip.strip(view, WORDS, following=False), "banners": [{"text": name, "tone": "bad"}]},
        money.tiles(view, WORDS),
        name,
    )
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert head.report_link(name, WORDS).count("/") == 3
