"""JSON in pieces is the JSON of Python's own parser, and what is too much is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmannot_tf.serving.server import json_parsing
from mmannot_tf.serving.server.errors import RequestError
from mmannot_tf.serving.server.json_parsing import MAX_DEPTH, MAX_ENTRIES, PIECE, parse_json

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


TINY_PIECES = pytest.mark.parametrize("piece", [1, 3, 17])


def _parse_in_pieces(text, piece):
    """Walks through all lists as through large ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_parsing, "PIECE", piece)
        patch.setattr(json_parsing, "MAX_DEPTH", 1000)
        return parse_json(text.encode(), max_values=10**6)


@pytest.mark.slow
@TINY_PIECES
@given(DOCUMENTS, st.sampled_from([None, 1]))
def test_documents_are_as_python_parses_them(piece, document, indent):
    assert _parse_in_pieces(json.dumps(document, indent=indent), piece) == document


@pytest.mark.slow
@TINY_PIECES
@given(DOCUMENTS, st.integers(0, 10**6), st.sampled_from('[]{},:"0 \\x'), st.booleans())
def test_what_python_refuses_is_refused(piece, document, place, letter, replaces):
    text = json.dumps(document)
    place %= len(text)
    text = text[:place] + letter + text[place + replaces :]
    try:
        expected = json.loads(text, object_pairs_hook=_once)
    except ValueError:
        with pytest.raises(RequestError, match="must be JSON"):
            _parse_in_pieces(text, piece)
    else:
        assert _parse_in_pieces(text, piece) == expected


def _once(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError("twice")
    return dict(pairs)


def test_values_are_counted_before_parsing():
    assert parse_json(b"[[], []]", max_values=4) == [[], []]
    with pytest.raises(RequestError, match=r"at most 3 commas and brackets\. Received: 4"):
        parse_json(b"[[], []]", max_values=3)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * (MAX_DEPTH + 1) + b'"' + b"x" * 2 * PIECE + b'"' + b"]" * (MAX_DEPTH + 1),
        b"[" + b"0," * MAX_ENTRIES + b"0]",
        b"{" + b",".join(b'"%d": 0' % number for number in range(2000)) + b"}",
        b'{"a": NaN}',
    ],
)
def test_what_is_too_deep_or_too_long_is_refused(body):
    with pytest.raises(RequestError, match="must be JSON"):
        parse_json(body, max_values=10**7)
