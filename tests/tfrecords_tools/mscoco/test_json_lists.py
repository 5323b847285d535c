import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfrecords_tools.mscoco import json_lists
from tfrecords_tools.mscoco.json_lists import read_lists
from tfrecords_tools.shell.errors import UserError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
ENTRIES = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=3), max_size=4)
DOCUMENTS = st.fixed_dictionaries(
    {"images": ENTRIES, "annotations": ENTRIES, "info": VALUES, "other": VALUES}
)


def lists(path, keys=("images", "annotations")) -> dict[str, list]:
    found = {key: [] for key in keys}
    for key, place, entry in read_lists(path, keys):
        found[key].append(entry)
        assert place == len(found[key])
    return found


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS, st.randoms(), st.sampled_from([None, 1, "\t"]), st.booleans(), st.integers(1, 9))
def test_any_window_reads_what_a_whole_parse_reads(tmp_path_factory, document, random, indent, ascii_, chunk):
    keys = random.sample(list(document), 4)
    text = json.dumps({key: document[key] for key in keys}, indent=indent, ensure_ascii=ascii_)
    path = tmp_path_factory.getbasetemp() / "document.json"
    path.write_bytes(f" {text}\n".encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lists, "CHUNK", chunk)
        assert lists(path) == {key: document[key] for key in ("images", "annotations")}


def broken(tmp_path, text: str | bytes) -> str:
    path = tmp_path / "broken.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=r"broken\.json") as caught:
        lists(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


SOUND = '{"images": [{"id": 1}],\n "info": 3, "annotations": []}'


@pytest.mark.parametrize("chunk", [1, 7, 2**20])
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"images": [{"id": 1},\n {"id" 2}]}', 2, 8),
        ('{"images": [{"id": 1},\n\n {"id": 2} {"id": 3}]}', 3, 12),
        ('{"images": [{"id": 1}, ]}', 1, 24),
        ('{"images": [], annotations: []}', 1, 16),
        ('{"images" []}', 1, 11),
        (SOUND + "\n x", 3, 2),
        (SOUND[:-1], 2, 30),
        ("{", 1, 2),
        ("", 1, 1),
    ],
)
def test_broken_json_is_named_with_line_and_column(tmp_path, monkeypatch, text, line, column, chunk):
    monkeypatch.setattr(json_lists, "CHUNK", chunk)
    assert f"broken at line {line}, column {column} (" in broken(tmp_path, text)


@pytest.mark.parametrize("length", range(1, len(SOUND)))
def test_a_file_cut_short_anywhere_is_broken(tmp_path, length):
    assert "must be valid JSON" in broken(tmp_path, SOUND[:length])


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("[]", "must be an object"),
        ("3", "must be an object"),
        ("{}", "'images'"),
        ('{"images": []}', "'annotations'"),
        ('{"images": {}, "annotations": []}', "'images'"),
        ('{"images": [], "annotations": [{}, 3]}', "'annotations'"),
        ('{"images": [], "annotations": [], "images": []}', "'images'"),
        (b'{"images": ["\xff"]}', "UTF-8"),
        ('{"images": [' + "[" * 100_000, "valid JSON"),
        ('{"images": [' + "9" * 5000 + "]}", "valid JSON"),
    ],
)
def test_another_structure_is_named(tmp_path, text, cause):
    assert cause in broken(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.json, which does not"):
        lists(tmp_path / "gone.json")


def test_a_string_that_is_never_closed_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lists, "CHUNK", 10)
    monkeypatch.setattr(json_lists, "MAX_ENTRY", 100)
    assert "line 1, column 13" in broken(tmp_path, '{"images": ["' + "x" * 5000)
