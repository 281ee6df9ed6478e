"""Intents, order states, the target-versus-actual reconciler and repeat protection."""

from polydesk.orders.reconcile import Plan, Quote, reconcile
from polydesk.orders.working import LEAVING, WorkingOrder, WorkingOrders, crosses

__all__ = ["LEAVING", "Plan", "Quote", "WorkingOrder", "WorkingOrders", "crosses", "reconcile"]
