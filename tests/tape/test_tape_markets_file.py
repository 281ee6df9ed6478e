import json

import pytest
from recordings import CONDITION, DOWN, SLUG, T0_MS, UP, book, write_cronos

from polydesk.model.errors import ImportFailed
from polydesk.tape import import_tape


def cronos(folder):
    return write_cronos(folder / "a", [book(T0_MS, [("0.4", "1")], [("0.6", "7")])])


def listed(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


FULL = {
    "slug": SLUG, "conditionId": CONDITION, "startTs": 1776323400, "endTs": 1776323700, "tickSize": 0.001,
    "minOrderSize": 15, "upTokenId": UP, "downTokenId": DOWN, "category": "crypto", "question": "Up or down?",
    "winner": "Up", "negRisk": False,
}  # fmt: skip
GAMMA = {
    "id": "5", "question": "Up or down?", "conditionId": CONDITION.upper().replace("0X", "0x"), "slug": SLUG,
    "endDate": "2026-04-16T07:15:00Z", "outcomes": '["Up", "Down"]', "clobTokenIds": json.dumps([UP, DOWN]),
    "orderPriceMinTickSize": 0.001, "orderMinSize": 15, "negRisk": False, "eventStartTime": "2026-04-16T07:10:00Z",
    "winner": "Up", "category": "Crypto",
}  # fmt: skip
YAML = f"""
markets:
  first:
    slug: {SLUG}
    condition_id: "{CONDITION}"
    token_id_up: "{UP}"
    token_id_down: "{DOWN}"
    start_ts: 2026-04-16T07:10:00Z
    end_ts: 1776323700
    tick_size: "0.001"
    min_order_size: 15
    category: {{value: crypto, origin: venue, note: markets file}}
    question: Up or down?
    neg_risk: false
    winner: Up
"""
SHAPES = {
    "named.json": {"current": FULL, "next": {**FULL, "conditionId": "0xcd", "upTokenId": "8", "downTokenId": "9"}},
    "list.json": [FULL],
    "one.json": FULL,
    "gamma.json": [GAMMA],
    "m.yaml": YAML,
    "m.csv": "slug,condition_id,token_id_up,token_id_down,start_ts,end_ts,tick_size,min_order_size,category,question,"
    f"neg_risk,winner_inferred\n{SLUG},{CONDITION},{UP},{DOWN},1776323400,1776323700,0.001,15,crypto,Up or down?,"
    "false,Up\n",
}


@pytest.mark.parametrize("name", SHAPES)
def test_markets_files_in_any_shape_say_the_same(tmp_path, name):
    source = cronos(tmp_path)
    (tmp_path / "facts").mkdir()
    facts = listed(tmp_path / "facts" / name, SHAPES[name])
    manifest = import_tape([source], tmp_path / "t", markets=facts).manifest
    plain = listed(tmp_path / "facts" / "plain.json", [FULL])
    expected = import_tape([source], tmp_path / "u", markets=plain).manifest
    assert manifest.markets == expected.markets
    assert manifest.resolutions == expected.resolutions
    (market,) = manifest.markets
    assert market.tokens[0].id == UP
    assert (market.tick_g4.value, market.min_size_u6.value) == (10, 15_000_000)
    assert manifest.resolutions[0].payout_g4 == (10_000, 0)


@pytest.mark.parametrize(
    ("change_", "says"),
    [
        ({"tickSize": "big"}, "field tickSize is 'big'"),
        ({"tickSize": 0}, "field tickSize is 0"),
        ({"minOrderSize": -1}, "field minOrderSize is -1"),
        ({"endTs": "soon"}, "field endTs is 'soon'"),
        ({"startTs": 12}, "field startTs is 12"),
        ({"category": "cars"}, "field category is 'cars'; write one of crypto"),
        ({"negRisk": "perhaps"}, "field negRisk is 'perhaps'"),
        ({"winner": "Maybe"}, "field winner is 'Maybe'"),
        ({"upTokenId": 1.5e70}, "field upTokenId is 1.5e"),
        ({"upTokenId": "", "downTokenId": "", "clobTokenIds": "[1]"}, "field clobTokenIds is"),
        ({"conditionId": "0xcd"}, "the recording says"),
        ({"category": {"value": "crypto", "origin": "rumour"}}, "field category.origin is 'rumour'"),
    ],
)
def test_a_wrong_value_names_file_record_and_field(tmp_path, change_, says):
    facts = listed(tmp_path / "m.json", {"current": {**FULL, **change_}})
    with pytest.raises(ImportFailed) as failed:
        import_tape([cronos(tmp_path)], tmp_path / "t", markets=facts)
    assert says in str(failed.value)
    assert "m.json: market current" in str(failed.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [("m.json", "{"), ("m.yaml", "a: ["), ("m.json", '["x"]'), ("m.json", '[{"slug": "x"}]'), ("m.csv", 'a\n"x')],
)
def test_unreadable_markets_files_are_refused(tmp_path, name, content):
    with pytest.raises(ImportFailed, match=name):
        import_tape([cronos(tmp_path)], tmp_path / "t", markets=listed(tmp_path / name, content))
    with pytest.raises(ImportFailed, match="cannot be read"):
        import_tape([cronos(tmp_path)], tmp_path / "t", markets=tmp_path / "nowhere.json")


NOT_MARKETS = {
    "empty.csv": "",
    "header.csv": "condition_id,slug\n",
    "none.json": "[]",
    "none.yaml": "markets: []\n",
    "nothing.yaml": "",
    "prose.txt": "these are my markets",
    "prices.csv": "price,size\n0.5,1\n",
    "slugs.json": json.dumps([{"slug": SLUG}]),
    "text.yaml": "a: {b: 1}\nc: {d: 2}\n",
}


@pytest.mark.parametrize("name", NOT_MARKETS)
def test_a_file_that_names_no_market_is_refused_with_the_known_fields(tmp_path, name):
    facts = listed(tmp_path / name, NOT_MARKETS[name])
    with pytest.raises(ImportFailed) as failed:
        import_tape([cronos(tmp_path)], tmp_path / "t", markets=facts)
    assert str(facts) in str(failed.value)
    assert "condition_id, conditionId" in str(failed.value)
    assert "clobTokenIds" in str(failed.value)
    assert not (tmp_path / "t").exists()


def test_a_file_of_many_odd_fields_is_not_repeated_in_full(tmp_path):
    facts = listed(tmp_path / "m.csv", ",".join(f"{'x' * 60}{i}" for i in range(50)) + "\n" + ",".join("1" * 50) + "\n")
    with pytest.raises(ImportFailed, match=r"not a file of market facts") as failed:
        import_tape([cronos(tmp_path)], tmp_path / "t", markets=facts)
    assert len(str(failed.value)) < 1_000 + len(str(tmp_path))


STRANGER = {**FULL, "slug": "other", "conditionId": "0xcd", "upTokenId": "8", "downTokenId": "9"}


def test_facts_asked_for_of_which_none_is_about_the_recording_are_refused(tmp_path):
    facts = listed(tmp_path / "m.json", [STRANGER])
    with pytest.raises(ImportFailed, match=r"m\.json: lists 1 markets, none of which is in the recording"):
        import_tape([cronos(tmp_path)], tmp_path / "t", markets=facts)
    assert not (tmp_path / "t").exists()
    both = listed(tmp_path / "both.json", [STRANGER, FULL])
    assert import_tape([cronos(tmp_path)], tmp_path / "t", markets=both).manifest.markets[0].tokens[0].id == UP


def test_facts_that_lie_beside_a_recording_without_being_about_it_are_told(tmp_path):
    told = []
    listed(tmp_path / "markets.json", [STRANGER])
    import_tape([cronos(tmp_path)], tmp_path / "t", note=told.append)
    assert any("none of the markets listed beside the recording is in it" in text for text in told)
    told.clear()
    listed(tmp_path / "markets.json", [STRANGER, FULL])
    import_tape([cronos(tmp_path)], tmp_path / "u", note=told.append)
    assert not any("none of the markets" in text for text in told)


def test_contradicting_records_are_refused(tmp_path):
    facts = listed(tmp_path / "m.json", [FULL, {**FULL, "upTokenId": "8"}])
    with pytest.raises(ImportFailed, match="also stands in"):
        import_tape([cronos(tmp_path)], tmp_path / "t", markets=facts)
    facts = listed(tmp_path / "m.json", [FULL, {**FULL, "conditionId": "0xcd", "downTokenId": "8"}])
    with pytest.raises(ImportFailed, match=f"token id {UP} also stands in"):
        import_tape([cronos(tmp_path)], tmp_path / "t", markets=facts)


@pytest.mark.parametrize(
    ("slug", "category", "end"),
    [
        ("eth-updown-15m-1776323400", "crypto", 1_776_324_300),
        ("bitcoin-up-or-down-april-16", "crypto", None),
        ("solstice-updown-party", "other", None),
        ("method-eth-price", "other", None),
        ("btc-updown-5m-soon", "crypto", None),
    ],
)
def test_categories_and_times_come_from_whole_words_of_the_slug(tmp_path, slug, category, end):
    path = write_cronos(tmp_path / "r", [book(T0_MS, [("0.4", "5")], [])], slug)
    (market,) = import_tape([path], tmp_path / "t").manifest.markets
    assert market.category.value == category
    assert market.end_ns.value == (end and end * 1_000_000_000)


def test_a_column_that_stands_twice_is_refused(tmp_path):
    facts = listed(tmp_path / "m.csv", f"condition_id,slug,slug\n{CONDITION},one,two\n")
    with pytest.raises(ImportFailed, match=r"m\.csv: line 1: column 'slug' stands twice"):
        import_tape([cronos(tmp_path)], tmp_path / "t", markets=facts)


def test_a_result_counts_from_the_moment_it_was_known_and_keeps_its_origin(tmp_path):
    pays = [{"value": text, "origin": "assumed", "note": "a guess"} for text in ("0.3", "0.7")]
    record = {"conditionId": CONDITION, "token_ids": [UP, DOWN], "payout_up": pays[0], "payout_down": pays[1]}
    record["resolved_ts"] = "2026-04-16T09:00:00.193Z"
    facts = listed(tmp_path / "m.json", [record])
    (end,) = import_tape([cronos(tmp_path)], tmp_path / "t", markets=facts).manifest.resolutions
    assert (end.payout_g4, str(end.origin), end.note) == ((3_000, 7_000), "assumed", "a guess")
    assert end.at_ns == 1_776_330_000_193_000_000
