"""The examples of docs/importing.md are imported as they stand there."""

import re
from pathlib import Path

import pytest
import yaml
from recordings import all_rows

from polydesk.model.rows import RowKind
from polydesk.tape import import_tape
from polydesk.tape.importers.schema import TableSchema
from polydesk.tape.importers.schema_file import load_schema

DOC = (Path(__file__).parents[2] / "docs" / "importing.md").read_text()


@pytest.fixture
def examples(tmp_path):
    """Write every table and schema of the document and return their paths in order."""
    paths = {"csv": [], "yaml": []}
    for kind, text in re.findall(r"```(csv|yaml)\n(.*?)```", DOC, re.DOTALL):
        path = tmp_path / f"{len(paths[kind])}.{kind}"
        path.write_text(text)
        paths[kind].append(path)
    return paths


def test_the_wide_example(examples, tmp_path):
    tape = import_tape(examples["csv"][:1], tmp_path / "t", schemas=[load_schema(examples["yaml"][0])])
    rows = all_rows(tape)
    assert rows["price_g4"].tolist() == [4_000, 3_900, 6_000, 4_150, 4_000, 6_000, 6_100]
    assert (tape.manifest.markets[0].slug, tape.manifest.markets[0].tick_g4.value) == ("will-it-rain", 50)
    assert tape.manifest.clock == "receive"


def test_the_two_files_example(examples, tmp_path):
    schemas = [load_schema(path) for path in examples["yaml"][1:3]]
    tape = import_tape(examples["csv"][1:3], tmp_path / "t", schemas=schemas)
    kinds = [RowKind(kind).name for kind in all_rows(tape)["kind"]]
    assert kinds == ["SNAPSHOT", "SNAPSHOT", "PRINT", "SNAPSHOT", "PRINT"]
    assert not tape.manifest.defects


def test_every_key_of_a_schema_is_documented():
    reference = DOC.split("## Schema files")[1].split("### Example")[0]
    assert set(TableSchema.model_fields) - {"description"} <= set(re.findall(r"`(\w+)`", reference))
    assert yaml.safe_load(re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)[0])["name"] == "wide-cents"
