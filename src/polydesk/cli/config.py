"""``polydesk config``: what is in force, where it comes from, and whether it is valid."""

import difflib
from pathlib import Path
from typing import Annotated

import typer

from polydesk.cli.options import AsJson, ConfigFile, Overrides, load
from polydesk.cli.output import complain, emit_json, emit_line, examples, results
from polydesk.model.errors import ConfigError

app = typer.Typer(
    help="Show, explain and check the configuration.",
    epilog=examples("polydesk config show", "polydesk config explain desk.risk", "polydesk config check desk.yaml"),
    no_args_is_help=True,
)


@app.command(
    epilog=examples(
        "polydesk config show",
        "polydesk config show --set run.speed=max --json",
        "polydesk config show --example > polydesk.yaml",
    )
)
def show(
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    example: Annotated[bool, typer.Option("--example", help="Print every key with its default and meaning.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the configuration in force as YAML that can be loaded again."""
    from polydesk.run.settings import Settings
    from polydesk.run.settings_text import plain, render, render_example

    if example:
        emit_line(render_example(Settings).rstrip("\n"))
        return
    settings = load(config, overrides).settings
    if as_json:
        emit_json(plain(settings))
    else:
        emit_line(render(settings).rstrip("\n"))


@app.command(
    epilog=examples(
        "polydesk config explain",
        "polydesk config explain desk.risk.max_order_notional",
        "polydesk config explain desk.risk --json",
    )
)
def explain(
    key: Annotated[str, typer.Argument(metavar="[KEY]", help="A key or a section; everything when omitted.")] = "",
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Tell each value in force, where it was set, its default, range and unit, and what it does."""
    from polydesk.run.settings import Settings, describe

    rows = describe(Settings, load(config, overrides))
    chosen = [row for row in rows if not key or row.key == key or row.key.startswith(f"{key}.")]
    if not chosen:
        near = difflib.get_close_matches(key, [row.key for row in rows], n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"unknown key {key!r}{hint}")
    if as_json:
        emit_json({row.key: {name: getattr(row, name) for name in row.FACTS} for row in chosen})
        return
    console = results(as_json=False)
    for row in chosen:
        console.print(f"[bold]{row.key}[/] = {row.text}", soft_wrap=True)
        console.print(f"    {row.about}", markup=False, soft_wrap=True)


@app.command(epilog=examples("polydesk config check", "polydesk config check desk.yaml --json"))
def check(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="The same as --config FILE.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    overrides: Overrides = [],  # noqa: B006 - typer copies it
    as_json: AsJson = False,
) -> None:
    """Say whether the configuration is valid and list every problem; a bad one exits with 2."""
    from polydesk.run.settings import check_settings

    problems = check_settings(file or config, None, overrides)
    for problem in problems:
        complain(problem)
    if as_json:
        emit_json({"ok": not problems, "problems": problems})
    elif not problems:
        emit_line("ok")
    if problems:
        raise typer.Exit(ConfigError.exit_code)
