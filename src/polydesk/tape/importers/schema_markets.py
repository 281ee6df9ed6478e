"""Market facts that schema files state."""

from collections.abc import Iterable, Iterator, Sequence

from polydesk.tape.importers.markets_file import Listed, stated_market
from polydesk.tape.importers.schema import TableSchema


def schema_markets(schemas: Sequence[TableSchema], formats: Iterable[str]) -> Iterator[Listed]:
    """Yield the markets of the schemas in use.

    Args:
        schemas: All schemas of an import.
        formats: Formats of its recordings; a schema counts if ``schema:NAME`` is among them.

    Raises:
        ImportFailed: A field is unknown or wrong; names schema, market and field.
    """
    used = set(formats)
    for schema in schemas:
        if f"schema:{schema.name}" in used:
            for number, record in enumerate(schema.markets, 1):
                yield stated_market(f"schema {schema.name}: markets[{number}]", dict(record))
