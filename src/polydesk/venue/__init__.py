"""The Polymarket adapter and gateway."""
