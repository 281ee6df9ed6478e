"""Python called from compiled code: arguments arrive, answers come back through memory, an exception leaves none."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numba import int64, types

from polydesk.kernel import kernel
from polydesk.kernel.callback import PROTOTYPE, address_of, call_address

LONG1 = types.Array(types.int64, 1, "C")


@kernel(int64(LONG1, int64))
def ask_often(memory, count):
    """Ask ``count`` times through the address in ``memory[0]``; add the answers in ``memory[1]`` up."""
    total = 0
    for number in range(count):
        memory[1] = -1
        call_address(memory[0], number, 2, -3, 1 << 40)
        total += memory[1]
    return total


def asked(answer):
    memory = np.zeros(2, np.int64)
    view = memory.data

    def called(one, two, three, four):
        view[1] = answer(one, two, three, four)

    made = PROTOTYPE(called)
    memory[0] = address_of(made)
    return memory, made


def test_arguments_arrive_and_the_answer_comes_back():
    seen = []

    def answer(*given):
        seen.append(given)
        return given[0] * 10

    memory, _kept = asked(answer)
    assert ask_often(memory, 3) == 30
    assert seen == [(number, 2, -3, 1 << 40) for number in range(3)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_exception_leaves_no_answer_and_does_no_harm():
    def answer(one, *_more):
        if one == 1:
            raise LookupError
        return 5

    memory, _kept = asked(answer)
    assert ask_often(memory, 3) == 5 - 1 + 5


def test_without_the_compiler_the_address_is_called_from_python():
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "arguments"],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout
