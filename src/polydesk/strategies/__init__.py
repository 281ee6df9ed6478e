"""One file per strategy: its parameters and its decision. To add one, write the file and name it here."""

from typing import Any

from pydantic import Field, create_model

from polydesk.model.params import Params
from polydesk.signals import Strategy
from polydesk.strategies.inventory_maker import InventoryMaker, InventoryMakerParams
from polydesk.strategies.mean_reversion import MeanReversion, MeanReversionParams

STRATEGIES: dict[str, tuple[type[Strategy[Any, Any]], type[Params]]] = {
    MeanReversion.name: (MeanReversion, MeanReversionParams),
    InventoryMaker.name: (InventoryMaker, InventoryMakerParams),
}
"""Every known strategy with its parameters, in the order in which the desk asks them."""

_sections: dict[str, Any] = {
    name: (params, Field(default=params(), description=f"parameters of {name}"))
    for name, (_, params) in STRATEGIES.items()
}
StrategiesConfig: type[Params] = create_model("StrategiesConfig", __base__=Params, **_sections)
"""The configuration section ``desk.strategies``: one sub-section per strategy."""

__all__ = ["STRATEGIES", "StrategiesConfig"]
