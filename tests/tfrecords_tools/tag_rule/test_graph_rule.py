"""The graph's rule is held to Python's, whose judge is test_rule.py."""

# ruff: noqa: RUF001

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfrecords_tools.tag_rule.graph_rule import GraphRule
from tfrecords_tools.tag_rule.rule import lookup_key, normalize_tag, split_tags

TEXT = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from("\u0345\u0301\u0323\u034f\u00a8ΑάΙ#,;、 \n가각ᆨﾞ\u200d\ufe0f")
)
CONTEXTS = ("{}", "a{}\u0301", "α{}\u0301\u0323")


@pytest.fixture(scope="module")
def graph():
    """The tags of texts as the graph finds them, without empty ones."""
    split = tf.function(GraphRule().split_tags, input_signature=[tf.TensorSpec([None], tf.string)])

    def tags(texts):
        rows = split(tf.constant([text.encode() for text in texts], tf.string)).to_list()
        return [[word.decode() for word in row if word] for row in rows]

    return tags


def disagreements(graph, texts):
    return [
        ascii(text)
        for text, words in zip(texts, graph(texts), strict=True)
        if words != [lookup_key(tag) for tag in split_tags(text)]
    ]


def contexts(code_points):
    return [
        context.format(chr(point))
        for point in code_points
        if not 0xD800 <= point < 0xE000
        for context in CONTEXTS
    ]


def test_code_points_alone_and_among_marks(graph):
    texts = contexts([*range(0x600), *range(0x1F00, 0x2000), *range(0x600, 0x110000, 997)])
    assert disagreements(graph, texts) == []


@pytest.mark.exhaustive
def test_all_code_points_alone_and_among_marks(graph):
    wrong = []
    for start in range(0, 0x110000, 0x4000):
        wrong += disagreements(graph, contexts(range(start, start + 0x4000)))
    assert wrong == []


@given(st.lists(TEXT, max_size=4))
@settings(deadline=None)
def test_any_texts_have_pythons_tags(graph, texts):
    assert disagreements(graph, texts) == []


@given(TEXT)
@settings(deadline=None)
def test_what_a_record_holds_is_what_the_graph_looks_up(graph, text):
    tag = normalize_tag(text)
    assert graph([tag]) == [[lookup_key(text)] if tag else []]


def test_marks_at_the_start_of_a_text_stay_in_it(graph):
    assert graph(["a\u0301", "\u0323b", "\u0301\u0323", ""]) == [
        ["a\u0301"],
        ["\u0323b"],
        ["\u0323\u0301"],
        [],
    ]


def test_bytes_that_are_no_utf_8_are_replaced():
    assert GraphRule().split_tags(tf.constant([b"a\xff, b"])).to_list() == [["a\ufffd".encode(), b"b"]]


def test_no_text_at_all():
    assert GraphRule().split_tags(tf.constant([], tf.string)).to_list() == []
