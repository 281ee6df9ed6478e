"""``python -m polydesk.kernel``: compile the kernel once, ahead of the first session."""

import sys

from polydesk.kernel import compile_seconds, compiled_now


def main() -> None:
    """Say on stderr whether importing the kernel had to compile, and how long that took."""
    if compiled_now():
        sys.stderr.write(f"kernel: compiled in {compile_seconds():.0f} s\n")
    else:
        sys.stderr.write("kernel: ready (cached)\n")


if __name__ == "__main__":
    main()
