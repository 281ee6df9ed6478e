import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def vectors():
    """Read one file of the vectors made with the venue's official clients, which are not shipped."""
    folder = Path(__file__).parents[3] / "shared" / "reference" / "vectors"

    def read(name):
        file = folder / f"{name}.json"
        if not file.exists():
            pytest.skip(f"NOT TESTED: no vectors of the official clients at {folder}")
        return json.loads(file.read_text())

    return read
