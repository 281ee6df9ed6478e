"""How many configurations were tried over the same recording, and how good the best of so many looks by luck alone.

Every session in a results folder is a try, also those of its rolling backtests and nights, and those whose journal
cannot be read. Whoever keeps the best of many tries keeps luck as well: the more were tried, the better the result must
be.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import msgspec

from polydesk.model.errors import PolydeskError
from polydesk.model.records import SessionStarted
from polydesk.report.performance import LEAST_DAYS
from polydesk.report.statistics import sharpe_probability
from polydesk.tape.journal import FILE_NAME as JOURNAL
from polydesk.tape.journal import read_journal

_EULER = 0.5772156649015329
_PLACES = ("sessions/*", "*/run-*/sessions/*", "*/run-*/windows/sessions/*")
"""Where the sessions of a results folder are: its own, and those of rolling backtests and nights."""


class Counted(NamedTuple):
    """How much was tried.

    Attributes:
        sessions: Sessions over the same tape in this results folder, this one and unreadable ones among them.
        configurations: Configurations of desk and markets among them; assumptions about the venue and seeds do not
            count. An unreadable session counts as a configuration of its own.
        unreadable: Sessions whose journal does not say what they were; they may have been over this tape.
    """

    sessions: int
    configurations: int
    unreadable: int = 0


class Tries(msgspec.Struct, frozen=True, kw_only=True):
    """What else was tried; see ``Counted`` for the first three.

    Attributes:
        sessions: Sessions.
        configurations: Configurations.
        unreadable: Sessions that could not be read.
        luck: Chance that the best of so many tries without any skill has a share of bootstrap samples above 0 as large
            as this one; ``None`` without a bootstrap.
        deflated_sharpe: Probability that the true Sharpe ratio is above the best of so many tries without skill;
            ``None`` for too few daily returns.
    """

    sessions: int
    configurations: int
    unreadable: int
    luck: float | None
    deflated_sharpe: float | None


def count_tries(folder: Path, header: SessionStarted) -> Counted:
    """Return how many sessions ran over a session's tape in its results folder.

    Args:
        folder: Of the session.
        header: Of the session.
    """
    found = {_configuration(header)}
    sessions = unreadable = 0
    for pattern in _PLACES:
        for path in _results_folder(folder).glob(f"{pattern}/{JOURNAL}"):
            other = _header(path)
            if other is None:
                unreadable += 1
            elif other.tape_sha256 == header.tape_sha256:
                sessions += 1
                found.add(_configuration(other))
    return Counted(max(1, sessions) + unreadable, len(found) + unreadable, unreadable)


def tries(counted: Counted, positive: float | None, draws: int, rates: Sequence[float]) -> Tries:
    """Judge a result by how many were tried.

    Source of the deflated ratio: D. Bailey and M. Lopez de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio
    Management 40 (2014). The spread of the tries' ratios is not known here; it is taken to be that of tries without
    skill, the root of 1 / (days - 1), and the tries to be independent: both make the demand higher. A try that cannot
    be read counts like any other.

    Args:
        counted: See ``count_tries``.
        positive: Share of bootstrap samples above 0.
        draws: How many samples there were.
        rates: Daily returns.
    """
    configurations = counted.configurations
    luck = None
    if positive is not None:
        alone = (round((1 - positive) * draws) + 1) / (draws + 1)
        luck = -math.expm1(configurations * math.log1p(-alone)) if alone < 1 else 1.0
    deflated = None
    if len(rates) >= LEAST_DAYS:
        demanded = best_of(configurations) / math.sqrt(len(rates) - 1)
        deflated = sharpe_probability(rates, demanded)
    return Tries(**counted._asdict(), luck=luck, deflated_sharpe=deflated)


def best_of(number: int) -> float:
    """Return the expected largest of so many draws from a standard normal distribution; 0 for one.

    >>> round(best_of(10), 2), round(best_of(1000), 2)
    (1.57, 3.26)
    """
    if number < 2:
        return 0.0
    plain = NormalDist()
    return (1 - _EULER) * plain.inv_cdf(1 - 1 / number) + _EULER * plain.inv_cdf(1 - 1 / (number * math.e))


def _results_folder(session: Path) -> Path:
    """Return the results folder a session belongs to, from wherever in it the session lies; see ``_PLACES``."""
    folder = session.parent.parent
    if folder.name == "windows":
        folder = folder.parent
    return folder.parent.parent if folder.name.startswith("run-") else folder


def _header(path: Path) -> SessionStarted | None:
    """Return a journal's header; ``None`` when the journal cannot be read or has none."""
    try:
        first = next(read_journal(path), None)
    except PolydeskError:
        return None
    return first if isinstance(first, SessionStarted) else None


def _configuration(header: SessionStarted) -> bytes:
    config = json.loads(header.config) if header.config else {}
    text = json.dumps([config.get("desk"), sorted(header.markets)], sort_keys=True)
    return hashlib.sha256(text.encode()).digest()
