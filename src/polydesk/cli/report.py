"""``polydesk report`` and ``polydesk explain``: what happened, and why one order was sent or refused."""

from pathlib import Path
from typing import Annotated

import typer

from polydesk.cli.options import AsJson, ConfigFile, DataDir, Overrides, SessionName, SessionOption, load, report_config
from polydesk.cli.output import emit_json, examples, notices, results
from polydesk.model.errors import ConfigError
from polydesk.report.study.answer import Answer
from polydesk.report.words import Language, words_of

REPORT_EPILOG = examples(
    "polydesk report latest",
    "polydesk report latest --html report.html",
    "polydesk report latest --html report.zh.html --lang zh",
    "polydesk report latest --set report.rewards.daily_pool=100 --markouts markouts.csv",
    "polydesk report latest --require paper",
    "polydesk report paper-20260416T071000-a1b2c3 --json",
)
EXPLAIN_EPILOG = examples(
    "polydesk explain ord-000017",
    "polydesk explain 17 --session paper-20260416T071000-a1b2c3 --json",
)


def report(
    session: SessionName,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write one self-contained page with charts.")
    ] = None,
    lang: Annotated[
        Language | None, typer.Option(help="Language of the page: English or Simplified Chinese; en when omitted.")
    ] = None,
    markouts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write every fill's markouts as CSV.")
    ] = None,
    require: Annotated[
        Answer | None, typer.Option(help="Leave with exit code 1 when the verdict is worse than this.")
    ] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Show a session's result: verdict, PnL in two columns and where it came from, making, robustness, refusals."""
    from polydesk.report.build import build_report
    from polydesk.report.final_json import result
    from polydesk.report.session import find_session
    from polydesk.report.terminal import print_report

    if lang is not None and html is None:
        raise ConfigError("--lang is the language of the page: give --html FILE as well")
    found = build_report(find_session(sessions_folder(data_dir), session), report_config(config, overrides))
    if markouts is not None:
        from polydesk.report.markout_file import write_markouts

        if found.prices is None:
            raise ConfigError(f"--markouts: there are no prices to mark out against, {found.missing}")
        write_markouts(markouts, found.summary.fills, found.prices)
        notices().print(f"wrote {markouts}", markup=False, soft_wrap=True)
    if html is not None:
        from polydesk.report.html import render_page, write_page

        words = words_of(lang or Language.EN)
        write_page(html, render_page(found.summary, found.prices, found.missing, found.quality, words))
        notices().print(f"wrote {html}", markup=False, soft_wrap=True)
    if as_json:
        emit_json(result(found.summary))
    else:
        print_report(found.summary, results(as_json=False), found.quality, found.books)
    study = found.summary.study
    if require is not None and (study is None or study.judgement.answer.worse_than(require)):
        raise typer.Exit(1)


def explain(
    order: Annotated[str, typer.Argument(metavar="ORDER_ID", help="An order's id, for example ord-000017, or 17.")],
    session: SessionOption = "latest",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Tell why an order was sent or refused: every term, every risk check, and what became of it."""
    from polydesk.report.explain import as_data, explain_order
    from polydesk.report.session import find_session, open_session
    from polydesk.report.terminal import print_explanation

    explanation = explain_order(open_session(find_session(sessions_folder(data_dir), session)), order)
    if as_json:
        emit_json(as_data(explanation))
    else:
        print_explanation(explanation, results(as_json=False))


def sessions_folder(data_dir: Path | None) -> Path:
    """Return the data folder without reading a configuration when one is named."""
    return data_dir if data_dir is not None else Path(load(None, []).settings.data_dir)
