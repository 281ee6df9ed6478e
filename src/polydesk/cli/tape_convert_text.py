"""What ``polydesk tape convert`` prints."""

from typing import Any

from rich.markup import escape

from polydesk.cli.output import results

_FILES_SHOWN = 12


def print_conversion(found: dict[str, Any]) -> None:
    """Print what a conversion wrote and what it left out."""
    console = results(as_json=False)
    tokens = len(found["markets"])
    told = f"{found['out']}: {found['format']}, {tokens} token{'' if tokens == 1 else 's'}"
    console.print(escape(told), style="bold", soft_wrap=True)
    if found["constructed"]:
        console.print("constructed: some rows were generated, not recorded", style="bold red")
    for file in found["files"][:_FILES_SHOWN]:
        name, *rest = (f"{value:,}" if isinstance(value, int) else str(value) for value in file.values())
        labels = [label.replace("_", " ") for label in list(file)[1:]]
        told = ", ".join(f"{label} {value}" for label, value in zip(labels, rest, strict=True))
        console.print(escape(f"  {name}  {told}".rstrip()), soft_wrap=True)
    if len(found["files"]) > _FILES_SHOWN:
        console.print(f"  and {len(found['files']) - _FILES_SHOWN} more; conversion.json lists all")
    counts = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in found["counts"].items() if count)
    console.print(escape(counts), soft_wrap=True)
