"""The building blocks of a page: small components in the browser that show what the panels prepared."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

_FOLDER = Path(__file__).parent / "components"


class Shown(Element):
    """An element whose properties are sent again only when they changed."""

    def show(self, **values: Any) -> None:
        """Show ``values``; names are those of the component's properties."""
        kept = getattr(self, "_shown", {})
        changed = {name: value for name, value in values.items() if name not in kept or kept[name] != value}
        if changed:
            self._shown = kept | changed
            self.props.update(changed)


class DataTable(Shown, component=_FOLDER / "data_table.js"):
    """A table; see ``components/data_table.js``."""


class Ladder(Shown, component=_FOLDER / "ladder.js"):
    """One token's book."""


class Tiles(Shown, component=_FOLDER / "tiles.js"):
    """Key figures."""


class Meters(Shown, component=_FOLDER / "meters.js"):
    """Use of caps."""


class Facts(Shown, component=_FOLDER / "facts.js"):
    """Named facts."""


class Contact(Shown, component=_FOLDER / "contact.js"):
    """Says when the dashboard does not answer any more."""


class Masthead(Shown, component=_FOLDER / "masthead.js"):
    """The head of a page."""


class Chooser(Shown, component=_FOLDER / "chooser.js"):
    """A search box over names."""


class Choice(Shown, component=_FOLDER / "choice.js"):
    """One of a few."""


class Switch(Shown, component=_FOLDER / "toggle.js"):
    """A labelled checkbox."""


class Pager(Shown, component=_FOLDER / "pager.js"):
    """Filter and range of a long list."""


class Strip(Shown, component=_FOLDER / "strip.js"):
    """Session, source and age."""


class Notes(Shown, component=_FOLDER / "notes.js"):
    """What needs attention."""


class Detail(Shown, component=_FOLDER / "detail.js"):
    """A dialog."""


class Curve(ui.echart, Shown, component=_FOLDER / "curve.js"):
    """Curves over time; takes ECharts from the framework's own chart."""

    def __init__(self) -> None:
        super().__init__({})
        self._update_method = None


def tag(name: str, text: str = "", classes: str = "", **attributes: str) -> Element:
    """Put an HTML element into the page, for use as a context or with a text.

    Args:
        name: Tag.
        text: Its text.
        classes: CSS classes.
        attributes: HTML attributes; an underscore stands for a hyphen.
    """
    element: Element = TextElement(tag=name, text=text) if text else Element(name)
    element.classes(classes)
    for key, value in attributes.items():
        element.props[key.replace("_", "-")] = value
    return element


def card(title: str, classes: str = "") -> AbstractContextManager[Element]:
    """Open a titled section of a page."""
    section = tag("section", classes=f"pd-card {classes}")
    section.props["aria-label"] = title
    with section:
        tag("h2", title)
    return section


def on(element: Element, event: str, told: Callable[[str], Any]) -> None:
    """Call ``told`` with the text that a component sends."""
    element.on(event, lambda event: told(str(event.args)))
