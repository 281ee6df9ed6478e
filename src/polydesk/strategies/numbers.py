"""Numbers of the compiled strategies; never used twice."""

INVENTORY_MAKER = 1
