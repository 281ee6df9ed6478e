"""What a session proves: markouts, backing, uptime, rewards, forecasts, robustness and the verdict.

``build`` puts the parts together; nothing is imported here, so that a command can name a verdict without the rest.
"""
