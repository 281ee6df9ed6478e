"""Drivers: settings, sessions (paper, replay), start-up and shutdown, live-state snapshot."""
