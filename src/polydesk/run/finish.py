"""After a session: ledger and exports, both computed from the journal and both replaceable."""

from pathlib import Path

from polydesk.model.errors import JournalError, LedgerError
from polydesk.run.session import JOURNAL
from polydesk.store import name_markets, open_ledger, tail, write_exports
from polydesk.tape.manifest import read_manifest

LEDGER = "ledger.db"
REPORTS = "reports"


def publish_results(data_dir: Path, folder: Path) -> list[str]:
    """Bring the ledger up to date and write the exports of a session.

    Returns:
        What could not be written, one sentence each. The journal holds everything, so nothing is lost: repeat it with
        ``polydesk report SESSION`` once the cause is gone.
    """
    problems = []
    markets = read_manifest(folder).markets
    try:
        with open_ledger(data_dir / LEDGER) as ledger:
            tail(ledger, folder)
            name_markets(ledger, folder.name, markets)
    except (LedgerError, JournalError) as err:
        problems.append(f"ledger not updated: {err}")
    try:
        write_exports(folder / JOURNAL, markets, folder / REPORTS)
    except (LedgerError, JournalError) as err:
        problems.append(f"exports not written: {err}")
    return problems
