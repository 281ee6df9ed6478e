"""Calling Python from compiled code, through the address of the function.

The address is a number in an array, so that the compiled caller is the same in every process and its machine code is
found in the cache; a function given as an argument, and object mode, would be compiled anew each time. Kernels run
without the interpreter's lock: ``ctypes`` takes it for the call and gives it back.

What is called returns nothing and must not raise: an exception could not leave it. It leaves its answer in memory.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba import int64, types
from numba.extending import intrinsic

Callback = Callable[[int, int, int, int], None]
PROTOTYPE: Any = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
"""Makes a function callable from compiled code; the result must be kept for as long as it may be called."""


def address_of(made: Any) -> int:
    """Return the address of what ``PROTOTYPE`` made."""
    return int(ctypes.cast(made, ctypes.c_void_p).value or 0)


if numba.config.DISABLE_JIT:

    def call_address(address: int, one: int, two: int, three: int, four: int) -> None:
        """Call the function at ``address``."""
        PROTOTYPE(int(address))(int(one), int(two), int(three), int(four))

else:

    @intrinsic  # type: ignore[untyped-decorator]
    def call_address(_context: Any, address: Any, one: Any, two: Any, three: Any, four: Any) -> Any:
        """Call the function at ``address``; only compiled code can."""
        signature = types.void(address, one, two, three, four)

        def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            word = ir.IntType(64)
            function = ir.FunctionType(ir.VoidType(), [word] * 4).as_pointer()
            builder.call(builder.inttoptr(args[0], function), args[1:])
            return context.get_dummy_value()

        return (signature, generate) if (address, one, two, three, four) == (int64,) * 5 else None
