"""Checksums, schema majors and the way from version 1 to 2."""

import copy
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polydesk.research.documents import (
    ResultError,
    canonical,
    checksum,
    verify_file,
    with_checksum,
    write_csv,
    write_json,
)
from polydesk.research.migration import (
    MAP,
    VALIDATORS,
    check_major,
    migrate,
    migration_map,
    restore_v1,
    validate,
    value_at,
)

ROW = {"strategy": "s1", "pnl": -1.25, "winrate": 0.5, "max_drawdown": 2, "trade_count": 2, "wins": 1, "losses": 1}
V1 = {
    "schema_version": "1.0",
    "generated_at": "2026-02-01T00:00:00+00:00",
    "from_ts": "2026-01-01T00:00:00+00:00",
    "to_ts": "2026-01-02T00:00:00+00:00",
    "total_signals": 3,
    "executed_signals": 2,
    "rejected_signals": 1,
    "execution_config": {"slippage_bps": 5.0, "fee_bps": 0.0},
    "risk_config": {"max_daily_loss": 250.0},
    "results": [ROW],
    "event_results": [{**ROW, "event_id": "e1"}],
    "replay": [{"ts": "2026-01-01T01:00:00+00:00", "qty": 5.0}],
    "something_of_a_later_minor": {"kept": True},
}


def test_the_canonical_text_is_sorted_compact_and_without_the_sum():
    document = {"b": 1, "a": "ä", "checksum_sha256": "x", "checksum_algo": "sha256"}
    assert canonical(document) == '{"a":"ä","b":1,"checksum_algo":"sha256"}'.encode()
    assert checksum(document) == hashlib.sha256('{"a":"ä","b":1,"checksum_algo":"sha256"}'.encode()).hexdigest()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=8))  # fmt: skip
def test_the_sum_survives_writing_and_reading(value):
    document = with_checksum({"value": value})
    assert checksum(json.loads(json.dumps(document, indent=2))) == document["checksum_sha256"]


def test_every_change_of_a_document_is_noticed(tmp_path):
    path = tmp_path / "d.json"
    write_json(path, with_checksum(V1))
    assert verify_file(path).ok
    for field in V1:
        changed = json.loads(path.read_text())
        changed[field] = "else"
        other = tmp_path / "other.json"
        other.write_text(json.dumps(changed))
        found = verify_file(other)
        assert (found.ok, "was changed" in found.problem) == (False, True), field
    write_json(path, V1)
    assert "without a checksum" in verify_file(path).problem


def test_side_cars_name_their_file(tmp_path):
    write_csv(tmp_path / "t.csv", ["a", "b"], [{"a": "1"}, {"a": "x,y", "b": "2"}])
    assert (tmp_path / "t.csv").read_text() == 'a,b\n1,\n"x,y",2\n'
    assert verify_file(tmp_path / "t.csv").ok
    assert verify_file(tmp_path / "t.csv.sha256").ok
    (tmp_path / "t.csv.sha256").rename(tmp_path / "u.csv.sha256")
    (tmp_path / "t.csv").rename(tmp_path / "u.csv")
    assert "does not name" in verify_file(tmp_path / "u.csv").problem
    (tmp_path / "u.csv.sha256").unlink()
    assert "there is no u.csv.sha256" in verify_file(tmp_path / "u.csv").problem
    (tmp_path / "u.csv").unlink()
    with pytest.raises(ResultError, match=r"u\.csv: cannot be read"):
        verify_file(tmp_path / "u.csv")


def test_migration_moves_every_field_and_back():
    migrated = migrate(with_checksum(V1), "f")
    assert migrated["schema_version"] == "2.0"
    assert migrated["meta"]["source_schema_version"] == "1.0"
    assert migrated["meta"]["migration"] == "v1_to_v2"
    assert migrated["attribution"] == {"strategy": V1["results"], "event": V1["event_results"]}
    assert checksum(migrated) == migrated["checksum_sha256"]
    assert validate(migrated, "f") == 2
    assert restore_v1(migrated) == V1
    for row in MAP[1:]:
        assert value_at(migrated, row.v2_path) == V1[row.v1_path], row
    assert "checksum_sha256" not in migrate(V1, "f")


def test_the_map_has_thirteen_rows_of_which_twelve_go_back():
    document = migration_map(summed=True)
    assert document["summary"] == {"total_fields": 13, "reversible_fields": 12, "non_reversible_fields": 1}
    assert [row["v1_path"] for row in document["mappings"] if not row["reversible"]] == ["schema_version"]
    assert checksum(document) == document["checksum_sha256"]
    assert set(document["mappings"][0]) == {"v1_path", "v2_path", "transform", "reversible", "note"}
    assert (document["schema_version"], document["kind"]) == ("1.0", "backtest_migration_map")
    assert (document["from_schema_major"], document["to_schema_major"]) == (1, 2)


@pytest.mark.parametrize("field", [name for name in V1 if name not in {"schema_version", "something_of_a_later_minor"}])
def test_a_missing_field_is_named(field):
    broken = copy.deepcopy(V1)
    del broken[field]
    with pytest.raises(ResultError, match=f"f: not a whole result of schema major 1: field {field} is missing"):
        migrate(broken, "f")


def test_rows_and_types_are_checked():
    wrong = {**V1, "total_signals": True, "results": [{}], "event_results": [ROW]}
    with pytest.raises(ResultError) as told:
        validate(wrong, "f")
    for part in ("total_signals is bool", "results[0] lacks strategy", "event_results[0] lacks event_id"):
        assert part in str(told.value)


def test_unsupported_majors_are_rejected_by_name():
    for version in ("3.0", "0.9"):
        with pytest.raises(ResultError, match=rf"schema major {version[0]} .* major 1 and 2 are"):
            validate({**V1, "schema_version": version}, "f")
    with pytest.raises(ResultError, match=r"schema major 2 .* is not supported here, major 1 is"):
        migrate({**V1, "schema_version": "2.0"}, "f")
    with pytest.raises(ResultError, match="migrate-v1-to-v2"):
        check_major(V1, "f", (2,))
    for wrong in (None, 1, "1", "1.x", "a.b"):
        with pytest.raises(ResultError, match="field schema_version is"):
            validate({**V1, "schema_version": wrong}, "f")


def test_other_validators_may_be_given():
    def strict(document):
        return [] if document["total_signals"] < 3 else ["too many signals"]

    with pytest.raises(ResultError, match="too many signals"):
        migrate(V1, "f", {**VALIDATORS, 1: strict})
    assert validate({**V1, "schema_version": "7.1"}, "f", {7: lambda _: []}) == 7
    with pytest.raises(ResultError, match=r"schema major 1 .* major 7 is"):
        validate(V1, "f", {7: lambda _: []})


def test_a_changed_document_is_not_migrated():
    with pytest.raises(ResultError, match="the file was changed"):
        migrate({**with_checksum(V1), "total_signals": 9}, "f")
    with pytest.raises(ResultError, match="not migrated"):
        restore_v1(V1)
