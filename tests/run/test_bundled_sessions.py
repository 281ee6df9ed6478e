"""Sessions over the bundled samples with reference prices, split times and resolutions hours later."""

import pytest

from polydesk.model.errors import SessionError
from polydesk.model.records import Settled
from polydesk.model.rows import RowFlag, RowKind, empty_rows
from polydesk.report.session import read_session
from polydesk.run.replay import verify_session
from polydesk.run.session import run_session
from polydesk.run.settings import load_settings
from polydesk.tape import TapeWriter, ensure_sample, open_tape


def settings(data_dir):
    return load_settings(None, {}, [f"data_dir={data_dir}", "run.speed=max"]).settings


def run(tape, folder):
    result = run_session(settings(folder), tape, "backtest", lambda _machine, _progress: None)
    _, records = read_session(result.path)
    return result, records


@pytest.mark.parametrize("name", ["trade-engine", pytest.param("resolvedkit", marks=pytest.mark.slow)])
def test_a_session_over_the_sample_ends_and_repeats(shared_dir, tmp_path, name):
    tape = ensure_sample(shared_dir / "sample", name)
    result, records = run(tape, tmp_path)
    assert result.reason == "tape_end"
    ends = {end.market: end.payout_g4 for end in tape.manifest.resolutions}
    settled = [record for record in records if isinstance(record, Settled)]
    assert all(record.payout_g4 == ends[record.market] for record in settled)
    assert verify_session(result.path).identical


def test_a_tape_of_prices_alone_is_refused_in_words(tmp_path):
    rows = empty_rows(1)
    rows["ts_ns"], rows["kind"], rows["market"], rows["flags"] = 10**18, int(RowKind.REFERENCE), -1, int(RowFlag.LAST)
    with TapeWriter(tmp_path / "t") as writer:
        writer.append(rows)
        writer.finish((), (), ())
    with pytest.raises(SessionError, match="no markets, there is nothing to trade"):
        run(open_tape(tmp_path / "t"), tmp_path)
