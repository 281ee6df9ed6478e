"""A configuration file is written whole or not at all, and only when it loads as what was meant."""

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from polydesk.model.errors import ConfigError, InvariantBroken
from polydesk.run.settings import Settings
from polydesk.run.settings_load import load
from polydesk.run.settings_text import plain, render_chosen


def chosen_settings(answers: Mapping[str, str]) -> Settings:
    """Return the defaults with the answers in force; the process's environment does not count.

    Raises:
        ConfigError: An answer names no key, has a wrong value or contradicts another.
    """
    return load(Settings, None, {}, [f"{key}={text}" for key, text in answers.items()]).settings


def write_settings(path: Path, answers: Mapping[str, str], *, replace: bool) -> dict[str, object]:
    """Write a commented configuration in which the answers are in force.

    Args:
        path: The new file.
        answers: Text by dotted key.
        replace: Whether a file that is there is replaced.

    Returns:
        The value of each key written, as plain data.

    Raises:
        ConfigError: An answer is wrong, or the file is there, or it cannot be written.
    """
    if os.path.isdir(path):
        raise ConfigError(f"{path}: is a folder; give the name of a file")
    settings = chosen_settings(answers)
    values = {key: _value(settings, key) for key in answers}
    draft = path.parent / f".polydesk.{secrets.token_hex(4)}.new"
    try:
        with _removed(draft):
            _write(draft, render_chosen(Settings, values))
            if load(Settings, draft, {}, ()).settings != settings:
                raise InvariantBroken(f"{path}: the configuration would not load as chosen; nothing was written")
            _publish(draft, path, replace=replace)
    except OSError as err:
        raise ConfigError(f"{path}: cannot be written ({err.strerror}); choose another file") from err
    return values


def refuse_existing(path: Path) -> None:
    """Refuse a name that is taken.

    Raises:
        ConfigError: Something is there.
    """
    if os.path.lexists(path):
        raise ConfigError(f"{path}: is there already; give another name, or --force to replace it")


def _write(draft: Path, text: str) -> None:
    with draft.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _publish(draft: Path, path: Path, *, replace: bool) -> None:
    if replace:
        draft.replace(path)
        return
    try:
        # A link, unlike a rename, fails when somebody wrote the file in the meantime.
        path.hardlink_to(draft)
    except FileExistsError:
        refuse_existing(path)
        raise


@contextlib.contextmanager
def _removed(draft: Path) -> Iterator[None]:
    try:
        yield
    finally:
        draft.unlink(missing_ok=True)


def _value(settings: Settings, key: str) -> object:
    value: object = settings
    for name in key.split("."):
        value = getattr(value, name)
    return plain(value)
