"""Reference prices, news and their relay."""
