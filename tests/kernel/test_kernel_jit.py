import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from kernel_day import digest

from polydesk.kernel import cache, jit, kernel

HERE = Path(__file__).parent
PACKAGE = cache.PACKAGE


def python(*argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *argv], env=os.environ | env, capture_output=True, text=True, check=True, timeout=300
    )


def copied(to: Path, *rooms: str) -> Path:
    package = to / "polydesk"
    for room in rooms:
        shutil.copytree(PACKAGE / room, package / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PACKAGE / "__init__.py", package)
    return package


def test_compiled_equals_interpreted():
    interpreted = python(str(HERE / "kernel_day.py"), "700", NUMBA_DISABLE_JIT="1").stdout.split()
    assert interpreted == [digest(700), "0"]


def test_a_second_process_compiles_nothing():
    # This process has imported the kernel, so its cache is complete.
    assert python(str(HERE / "kernel_day.py"), "50").stdout.split() == [digest(50), "0"]
    warm = python("-m", "polydesk.kernel")
    assert (warm.stdout, warm.stderr) == ("", "kernel: ready (cached)\n")


def test_the_key_follows_every_callee_and_nothing_above(tmp_path):
    package = copied(tmp_path, "model", "kernel", "cli")
    rooms = cache.KERNEL_ROOMS
    key = cache.source_key(rooms, package)
    assert key == cache.source_key(rooms)
    (package / "cli" / "new.py").write_text("x = 1\n")
    assert cache.source_key(rooms, package) == key
    for name in ("taking.py", "new.py"):
        with (package / "kernel" / name).open("a") as file:
            file.write("# edited\n")
        changed = cache.source_key(rooms, package)
        assert changed != key
        key = changed


def test_the_directory_falls_back_when_it_cannot_be_written(tmp_path, monkeypatch):
    locate = cache.cache_directory.__wrapped__
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    directory, is_new = locate(("model",))
    assert directory.parent == tmp_path / "xdg" / "polydesk"
    assert (is_new, locate(("model",))[1]) == (True, False)
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setenv("HOME", str(blocked))
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    directory, is_new = locate(("model",))
    assert directory.parent == tmp_path / f"polydesk-{os.getuid()}"
    assert is_new
    directory.parent.chmod(0o777)
    monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path))
    assert locate(("model",))[0].parent == tmp_path, "a directory others can write to is not trusted"


def test_only_the_newest_directories_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for age in range(10):
        old = tmp_path / "polydesk" / f"kernel-{age}"
        old.mkdir(parents=True)
        os.utime(old, (1_000_000 - age, 1_000_000 - age))
    directory, _ = cache.cache_directory.__wrapped__(("model",))
    left = {path.name for path in (tmp_path / "polydesk").iterdir()}
    assert left == {directory.name, *(f"kernel-{age}" for age in range(cache.KEPT - 1))}


def test_the_decorator_compiles_scalar_checks_at_their_first_call():
    @kernel()
    def over(observed: int, limit: int) -> int:
        return 1 if observed > limit else 0

    assert (over(3, 2), over(2, 2)) == (1, 0)


@pytest.mark.slow
def test_an_edited_callee_in_another_file_is_not_served_stale(tmp_path):
    package = copied(tmp_path / "source", "model", "kernel")
    code = (
        "from polydesk.kernel import *; import numpy as np; b = new_books(1, np.ones(1)); b.size[0, 1, 5000] = 8;"
        "b.touch[0, 1] = 5000; print(depth(b, 0, 1, 6000)[0], compiled_now() > 0)"
    )
    env = {"PYTHONPATH": str(package.parent), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert python("-c", code, **env).stdout.split() == ["8", "True"]
    assert python("-c", code, **env).stdout.split() == ["8", "False"]
    callee = package / "kernel" / "taking.py"
    callee.write_text(callee.read_text().replace("return max(free, 0)", "return max(free, 0) // 2"))
    assert python("-c", code, **env).stdout.split() == ["4", "True"]


@pytest.mark.slow
def test_a_cold_start_says_so_and_a_warm_one_is_quick(tmp_path):
    cold = python("-m", "polydesk.kernel", XDG_CACHE_HOME=str(tmp_path))
    assert "kernel: compiled in" in cold.stderr
    warm = python("-m", "polydesk.kernel", XDG_CACHE_HOME=str(tmp_path))
    assert warm.stderr == "kernel: ready (cached)\n"


@pytest.mark.parametrize("fails", [False, True])
def test_ctrl_c_that_the_compiler_swallowed_ends_the_compilation(fails):
    class Compiling:
        def compile(self, signature):
            with contextlib.suppress(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
            if fails:
                raise RuntimeError("no compiled object yet")

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            jit._load(Compiling(), None)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
