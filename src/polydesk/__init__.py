"""polydesk: a trading desk for Polymarket.

A desk is a deterministic function of its recorded inputs. The rooms of the
package are listed, top to bottom, in ``docs/architecture.md``.
"""

__version__ = "0.1.0"
