"""Control interface, dashboard, metrics and alerts."""
