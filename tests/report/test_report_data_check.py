"""Whether the data is good is told before any number, on every surface and in both languages."""

import io
import re

import msgspec
import pytest
from made_up_sessions import make_session
from rich.console import Console

from made import made_tape
from polydesk.report.build import build_report
from polydesk.report.data_check import alarm_text, check_badge, check_text
from polydesk.report.facts import data_text
from polydesk.report.final_json import result
from polydesk.report.html import render_page
from polydesk.report.session import open_session
from polydesk.report.summary import Summary, summarise
from polydesk.report.terminal import print_report
from polydesk.report.words import Language, words_of
from polydesk.run.session import run_session
from polydesk.run.settings import Settings
from polydesk.run.settings_load import load
from polydesk.tape import read_verdict, verify
from polydesk.tape.verdict import FILE_NAME, Verdict, write_verdict

CHINESE = words_of(Language.ZH)
BAD = Verdict(
    sha256="cd" * 32, version=1, format=1, ok=False, witness="best_prices",
    problems=(
        "54,074 of 112,752 best prices differ, 5 of 5 compared minutes are bad: 2026-04-16T07:10Z, ...",
        "9 rows are out of order by more than a second: order the recording by venue time",
    ),
    compared=112_752, mismatched=54_074, minutes=5, bad_minutes=5,
)  # fmt: skip
GOOD = msgspec.structs.replace(BAD, ok=True, problems=(), mismatched=72, bad_minutes=0)
BLIND = msgspec.structs.replace(GOOD, witness="none", compared=0, mismatched=0, minutes=0)

PROBLEMS = (
    "content hash differs from the manifest: the tape was changed, import the recording again",
    BAD.problems[0],
    "1,020 messages left a book crossed or locked, 1 of 3 compared minutes are bad: 2026-04-16T07:10Z",
    "3 derived books differ from the recorded one: import again",
    BAD.problems[1],
    "3 of 17 books came out of order: order the recording by venue time",
    "nothing could be compared: the recording states 300 best prices, but no book had a snapshot, or both sides and a "
    "minute to fill: record for longer or from a snapshot on",
)


def judged(verdict: Verdict | None) -> Summary:
    return msgspec.structs.replace(summarise(make_session()), verdict=verdict)


def terminal(summary: Summary) -> list[str]:
    out = Console(file=io.StringIO(), width=200, no_color=True)
    print_report(summary, out)
    return out.file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("verdict", "badge", "told"),
    [
        (BAD, '<span class="badge bad">data not good</span>', "54,074 of 112,752 best prices differ"),
        (GOOD, '<span class="badge good">data checked</span>', "72 differ from the book (0.1 %)"),
        (BLIND, '<span class="badge warn">data: nothing to check against</span>', "no best prices of the venue"),
        (None, '<span class="badge warn">data not checked</span>', "Whether it is good data was not checked."),
    ],
)
def test_the_page_says_it_as_badge_banner_and_sentence(verdict: Verdict | None, badge: str, told: str) -> None:
    summary = judged(verdict)
    page = render_page(summary, None, "")
    assert badge in page
    assert told in data_text(summary)
    assert told in " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split())
    alarms = re.findall(r'<p class="banner" role="note">([^<]*)</p>', page)
    assert alarms == ([alarm_text(verdict).replace("'", "&#39;")] if verdict is BAD else [])
    assert (page.index("banner", page.index("</style>")) < page.index('class="headline"')) if alarms else True


def test_the_terminal_says_it_in_its_second_line() -> None:
    assert terminal(judged(BAD))[1].startswith(
        "The tape is not good data: 54,074 of 112,752 best prices differ, 5 of 5"
    )
    for verdict in (GOOD, BLIND, None):
        assert "not good data" not in "\n".join(terminal(judged(verdict)))


def test_the_final_json_has_it_or_null() -> None:
    assert result(judged(BAD))["data"] == {
        "ok": False, "witness": "best_prices", "compared": 112_752, "mismatched": 54_074,
    }  # fmt: skip
    assert result(judged(None))["data"] is None


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_problem_has_chinese_words_and_keeps_its_numbers(problem: str) -> None:
    told = CHINESE.remark(problem)
    assert not re.search(r"[A-Za-z]{2,}", told)
    assert sorted(re.findall(r"\d[\d,]*\d|\d", told)) == sorted(re.findall(r"\d[\d,]*\d|\d", problem))


@pytest.mark.parametrize("verdict", [BAD, GOOD, BLIND, None])
def test_chinese_texts_have_no_english(verdict: Verdict | None) -> None:
    for text in (alarm_text(verdict, CHINESE), check_text(verdict, CHINESE), check_badge(verdict, CHINESE)[1]):
        assert not re.search(r"[A-Za-z]{2,}", text)


def test_a_session_keeps_the_verdict_and_an_old_one_is_judged_without_writing(tmp_path) -> None:
    tape = made_tape(tmp_path / "tape", seed=3)
    settings = load(Settings, None, {}, [f"data_dir={tmp_path}", "run.speed=max"]).settings
    ended = run_session(settings, tape, "paper", lambda *_: None)
    kept = read_verdict(ended.path)
    assert kept is not None
    assert (kept.sha256, kept.ok, kept.compared) == (tape.manifest.sha256, verify(tape).ok, verify(tape).compared)
    assert open_session(ended.path).verdict == kept
    write_verdict(ended.path, msgspec.structs.replace(kept, sha256="00"))
    assert open_session(ended.path).verdict is None, "a verdict on another tape says nothing"
    (ended.path / FILE_NAME).unlink()
    (tape.path / FILE_NAME).unlink()
    assert build_report(ended.path).summary.verdict == kept
    assert not (tape.path / FILE_NAME).exists()
    assert not (ended.path / FILE_NAME).exists()
    tape.path.rename(tmp_path / "elsewhere")
    assert build_report(ended.path).summary.verdict is None
