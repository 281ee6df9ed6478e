"""Everything the dashboard says is in both catalogues."""

import re
import string
from pathlib import Path

import pytest

import polydesk.monitor
from polydesk.model.market import Origin
from polydesk.model.orders import OrderState, Purpose
from polydesk.model.reasons import Exit, Hold, Refusal, Reject
from polydesk.model.records import Liquidity
from polydesk.monitor.panels.lists import HEADS
from polydesk.monitor.panels.sessions import HEADS as SESSION_HEADS
from polydesk.monitor.words import Language, own_texts, words_for

MONITOR = Path(polydesk.monitor.__file__).parent
SOURCES = [path for path in MONITOR.rglob("*.py") if path.name != "words.py"]
CODE = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
COMPONENTS = sorted((MONITOR / "components").glob("*.js"))


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_places():
    english, chinese = own_texts(Language.EN), own_texts(Language.ZH)
    assert english.keys() == chinese.keys()
    assert {key: places(text) for key, text in english.items()} == {key: places(text) for key, text in chinese.items()}


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("refusal", Refusal), ("check", Refusal), ("hold", Hold), ("exit", Exit), ("cause", Reject),
        ("order", OrderState), ("purpose", Purpose), ("origin", Origin), ("liquidity", Liquidity),
        ("mode", ("paper", "backtest", "live", "live_halted")), ("state", ("running", "ended", "halted", "unknown")),
        ("fill", ("matched", "confirmed", "failed")), ("action", ("buy", "sell", "quote", "exit", "hold")),
        ("loss", ("tripped", "recovery", "locked")), ("clock", ("venue", "receive", "mixed")),
        ("ended", ("tape_end", "stopped", "disk_full", "error")),
        ("col", [head.lstrip("#") for heads in (*HEADS.values(), SESSION_HEADS) for head in heads]),
    ],
)  # fmt: skip
def test_every_code_has_a_name(language, group, codes):
    words = words_for(language)
    missing = [f"{group}.{code}" for code in codes if f"{group}.{code}" not in words.texts]
    assert missing == []


def test_every_key_in_the_code_exists():
    asked = set(re.findall(r"""(?:words|\bw)\(\s*["']([a-z0-9_.]+)["']""", CODE))
    asked |= set(re.findall(r"""else ["']([a-z]+\.[a-z0-9_.]+)["']\)""", CODE))
    assert len(asked) > 60
    assert asked - words_for(Language.EN).texts.keys() == set()


def test_every_key_is_used():
    groups = re.findall(r"""(?:words|\bw)\(f["']([a-z_.]+\.)\{""", CODE)
    groups += [f"{group}." for group in re.findall(r"""named\(\s*["'](\w+)["']""", CODE)] + ["cause.", "hold.", "exit."]
    endings = tuple(f".{ending}" for ending in re.findall(r"""(?:words|\bw)\(f["']\{name\}\.(\w+)""", CODE))
    unused = [
        key
        for key in own_texts(Language.EN)
        if not re.search(rf"[\"']{re.escape(key)}[\"']", CODE)
        and not key.startswith(tuple(groups))
        and not key.endswith((*endings, ".label"))
    ]
    assert unused == []


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.name)
def test_components_say_nothing_of_their_own(path):
    source = path.read_text(encoding="utf-8")
    template = re.search(r"template: `(.*?)`", source, re.S)
    assert template, path
    shown = re.sub(r"\{\{.*?\}\}", "", re.sub(r"<[^>]*?>", " ", template[1], flags=re.S), flags=re.S)
    assert re.findall(r"[A-Za-z]{2,}", shown) == []
    fixed = re.findall(r'[^:@](?:aria-label|title|placeholder|alt)="([^"]*)"', template[1])
    assert fixed == []


def test_a_language_nobody_speaks_is_not_guessed():
    with pytest.raises(ValueError, match="fr"):
        Language("fr")
