"""Runs every benchmark beside it, one after another, and relays the JSON line of each."""

import json
import subprocess
import sys
from pathlib import Path


def run_one(script: Path) -> tuple[str, int]:
    """Return the benchmark's JSON line and its exit code; one that printed none gets a line that says so."""
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if lines and lines[-1].startswith("{"):
        return lines[-1], done.returncode
    reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
    return json.dumps({"benchmark": script.stem, "error": reason}), done.returncode or 1


def main() -> int:
    """Run all; the exit code is 1 when any of them failed its gate."""
    worst = 0
    for script in sorted(Path(__file__).parent.glob("*.py")):
        if script == Path(__file__) or '__name__ == "__main__"' not in script.read_text(encoding="utf-8"):
            continue  # what benchmarks share is none
        line, code = run_one(script)
        print(line, flush=True)
        worst = max(worst, int(code != 0))
    return worst


if __name__ == "__main__":
    sys.exit(main())
