"""Peers and polydesk over the same seeded day, in turns; prints one JSON line with the ratios of this run.

Usage: run.py [--seed N] [--rows N] [--rounds N] [--envs FOLDER] [--work FOLDER]

Installs hftbacktest and nautilus_trader 2 into environments of their own under ``--envs`` unless
POLYDESK_HFTBACKTEST_PYTHON or POLYDESK_NAUTILUS2_PYTHON name a Python that has them. nautilus_trader 2 needs
Python 3.13: ``python3.13`` on the PATH or among pyenv's versions, or POLYDESK_PYTHON313. What is missing is said and
left out, never guessed.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HFTBACKTEST, NAUTILUS = "hftbacktest==2.4.4", "nautilus_trader==2.0.0rc7"
Found = dict[str, Any]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# --- environments ---------------------------------------------------------------------------------


def environment(folder: Path, python: str, *packages: str) -> str | None:
    """Return a Python with the packages, made on first use; ``None`` when they cannot be installed."""
    inside = folder / "bin" / "python"
    if not (folder / ".done").exists():
        say(f"installing {' '.join(packages)} into {folder}")
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True, env=clean())
        install = [inside, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--pre", *packages]
        done = subprocess.run(install, check=False, env=clean(), capture_output=True, text=True)
        if done.returncode:
            say(f"NOT MEASURED: {packages[0]} cannot be installed: {(done.stderr.strip() or '?').splitlines()[-1]}")
            return None
        (folder / ".done").touch()
    return str(inside)


def clean() -> dict[str, str]:
    """Return the environment without what belongs to this Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def hftbacktest(envs: Path) -> str | None:
    named = os.environ.get("POLYDESK_HFTBACKTEST_PYTHON")
    return named or environment(envs / "hftbacktest", sys.executable, HFTBACKTEST)


def nautilus(envs: Path) -> str | None:
    named = os.environ.get("POLYDESK_NAUTILUS2_PYTHON")
    if named:
        return named
    python = python313()
    if python is None:
        say("NOT MEASURED: nautilus_trader 2 needs Python 3.13; put python3.13 on the PATH or set POLYDESK_PYTHON313")
        return None
    return environment(envs / "nautilus2", python, NAUTILUS, "numpy")


def python313() -> str | None:
    """Return a Python 3.13 that starts; a version manager's shim exists for versions that are not chosen, too."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    named = [os.environ.get("POLYDESK_PYTHON313"), shutil.which("python3.13")]
    for python in (*named, *sorted(map(str, pyenv.glob("3.13*/bin/python3.13")))):
        if python and subprocess.run([python, "-c", ""], check=False, env=clean(), capture_output=True).returncode == 0:
            return python
    return None


def c_ladder(work: Path) -> Path | None:
    """Compile the C loop; ``None`` without a compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        say("NOT MEASURED: the C loop needs gcc or cc")
        return None
    out = work / "ladder"
    subprocess.run([compiler, "-O3", "-march=native", "-o", out, HERE / "ladder.c"], check=True)
    return out


# --- runs -----------------------------------------------------------------------------------------


def cases(day: Path, rows: int, ladder: Path | None, hft: str | None, naut: str | None) -> dict[str, list[str]]:
    """Return the command of each case by its name, ``engine/path``."""
    here = sys.executable
    found = {f"numba_ladder/{p}": [here, HERE / "ladder_numba.py", p, day] for p in ("book", "maker")}
    found |= {f"polydesk/{p}": [here, HERE / "polydesk_day.py", p, day] for p in ("book", "parquet", "woken")}
    if ladder:
        found["c_ladder/book"] = [ladder, day / "columns", rows]
    if hft:
        found |= {f"hftbacktest/{p}": [hft, HERE / "hftbacktest_day.py", p, day] for p in ("book", "maker", "woken")}
    if naut:
        found |= {f"nautilus2/{p}": [naut, HERE / "nautilus_day.py", p, day] for p in ("book", "maker")}
    if (HERE.parent / "maker_day.py").exists():
        compiled = ("maker", "maker_feed", "process")
        found |= {f"polydesk/{p}": [here, HERE / "polydesk_day.py", p, day] for p in compiled}
    else:
        say("NOT MEASURED: this version has no compiled maker (benchmarks/maker_day.py)")
    return {name: [str(word) for word in words] for name, words in found.items()}


def measure(command: list[str]) -> Found | None:
    """Run one case as a process of its own; return what it told, with its wall time and peak memory."""
    alien = command[0] != sys.executable
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=clean() if alien else None)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.perf_counter() - began
        out.seek(0)
        err.seek(0)
        lines = [line for line in out.read().decode(errors="replace").splitlines() if line.startswith("{")]
        if process.returncode or not lines:
            say(f"FAILED: {' '.join(command)}: {err.read().decode(errors='replace').strip()[-400:]}")
            return None
    return {**json.loads(lines[-1]), "wall_s": wall_s, "peak_mb": usage.ru_maxrss / 1024}


def best(runs: list[Found]) -> Found:
    """Return the run with the shortest replay, with the shortest wall time: other work on the machine only adds."""
    chosen = min(runs, key=lambda run: run["replay_s"])
    return {**chosen, "wall_s": min(run["wall_s"] for run in runs), "peak_mb": max(run["peak_mb"] for run in runs)}


# --- what is told ---------------------------------------------------------------------------------


def speed(found: dict[str, Found], case: str, rows: int) -> float | None:
    """Rows of the day per second, the same rows for every engine."""
    return rows / found[case]["replay_s"] if case in found else None


def ratios(found: dict[str, Found], rows: int) -> Found:
    """Return polydesk's figures and how they stand to the others in this run; absent when one side is."""
    told: Found = {}

    def compare(name: str, mine: str, other: str) -> None:
        a, b = speed(found, mine, rows), speed(found, other, rows)
        if a and b:
            told[name] = round(a / b, 3)

    for other in ("c_ladder", "numba_ladder", "hftbacktest", "nautilus2"):
        compare(f"book_vs_{other}", "polydesk/book", f"{other}/book")
    compare("woken_vs_nautilus2", "polydesk/woken", "nautilus2/maker")
    for path in ("maker", "maker_feed"):
        for other in ("numba_ladder", "hftbacktest", "nautilus2"):
            compare(f"{path}_vs_{other}", f"polydesk/{path}", f"{other}/maker")
    if "polydesk/process" in found:
        told["process_s"] = round(found["polydesk/process"]["wall_s"], 2)
        told["process_peak_mb"] = round(found["polydesk/process"]["peak_mb"])
    if "polydesk/woken" in found:
        run = found["polydesk/woken"]
        told["us_per_wake"] = round((run["replay_s"] - found["polydesk/book"]["replay_s"]) / run["calls"] * 1e6, 2)
    return told


def table(found: dict[str, Found], rows: int) -> str:
    lines = [f"{'case':28} {'M rows/s':>9} {'replay s':>9} {'process s':>9} {'peak MB':>8} {'fills':>7} {'shares':>10}"]
    for name, run in sorted(found.items(), key=lambda one: (one[0].split("/")[1], one[0])):
        counts = f"{run['fills']:>7}" if "fills" in run else ""
        counts += f" {run['volume']:>10,.0f}" if "volume" in run else ""
        lines.append(
            f"{name:28} {rows / run['replay_s'] / 1e6:>9.2f} {run['replay_s']:>9.3f} {run['wall_s']:>9.2f} "
            f"{run['peak_mb']:>8.0f} {counts}"
        )
    return "\n".join(lines)


def prepared(asked: argparse.Namespace, day: Path) -> Found:
    """Write the day unless this very one is there; a process of its own, so that its memory is not ours."""
    told = day / "day.json"
    if told.exists():
        known: Found = json.loads(told.read_text())
        if known["seed"] == asked.seed and 0 <= known["rows"] - asked.rows < 200:
            return known
        shutil.rmtree(day)
    say(f"writing the day of seed {asked.seed}")
    command = [sys.executable, HERE / "day.py", "--seed", str(asked.seed), "--rows", str(asked.rows), "--out", day]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    written: Found = json.loads(told.read_text())
    return written


def rounds(commands: dict[str, list[str]], count: int, run: Callable[[list[str]], Found | None]) -> dict[str, Found]:
    """Run all cases in turns, so that a slow minute of the machine hits every engine alike."""
    runs: dict[str, list[Found]] = {name: [] for name in commands}
    for number in range(count):
        for name, command in commands.items():
            done = run(command)
            if done is not None:
                runs[name].append(done)
        say(f"round {number + 1} of {count} done")
    return {name: best(done) for name, done in runs.items() if done}


def main() -> int:
    """Measure everything that is there and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7, help="of the day (default 7)")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--envs", type=Path, default=Path(".peers"), help="where the peers are installed")
    parser.add_argument("--work", type=Path, default=Path(".peers/day"), help="where the day is written")
    asked = parser.parse_args()
    asked.envs, asked.work = asked.envs.resolve(), asked.work.resolve()
    day = prepared(asked, asked.work)
    commands = cases(asked.work, day["rows"], c_ladder(asked.work), hftbacktest(asked.envs), nautilus(asked.envs))
    found = rounds(commands, asked.rounds, measure)
    say(table(found, day["rows"]))
    figures = {
        name: {
            "rows_per_s": round(day["rows"] / run["replay_s"]),
            "process_s": round(run["wall_s"], 2),
            "peak_mb": round(run["peak_mb"]),
            **{key: run[key] for key in ("fills", "volume", "quotes") if key in run},
        }
        for name, run in found.items()
    }
    told = {
        "benchmark": "peers",
        "day": day,
        "rounds": asked.rounds,
        "ratios": ratios(found, day["rows"]),
        "figures": figures,
        "missing": sorted({"c_ladder", "hftbacktest", "nautilus2"} - {name.split("/")[0] for name in found}),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
