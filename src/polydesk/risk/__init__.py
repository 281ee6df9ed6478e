"""Permits: every check one small function, every outgoing order checked."""

from polydesk.risk.checks import UNKNOWN
from polydesk.risk.daily_loss import DailyLoss, look, loss_limit_u6
from polydesk.risk.limits import RiskLimits
from polydesk.risk.permit import Denial, Observed, Permit, decide

__all__ = ["UNKNOWN", "DailyLoss", "Denial", "Observed", "Permit", "RiskLimits", "decide", "look", "loss_limit_u6"]
