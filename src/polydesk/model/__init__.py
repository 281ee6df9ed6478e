"""The vocabulary: numbers, ids, rows, markets, orders, records, fees, reasons and errors."""
