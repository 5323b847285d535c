"""The rule in Python, judged by `unicodedata` of the table's Unicode version."""

# ruff: noqa: RUF001

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfrecords_tools.tag_rule.rule import join_tags, lookup_key, normalize_tag, split_tags, unique_tags
from tfrecords_tools.tag_rule.table import rule_table

TEXT = st.text(st.characters() | st.sampled_from("\u0345\u0301\u0323\u034f\u00a8ΑάΙ#,;、 \n가각ᆨﾞ\u200d\ufe0f"))
IGNORABLE = frozenset(one for one, form in rule_table().fold.items() if not form)
CONTEXTS = ("{}", "a{}\u0301", "α{}\u0301\u0323", "x {}#y", "{}#b", "가{}")
same_unicode = pytest.mark.skipif(
    unicodedata.unidata_version != "14.0.0", reason="Python's Unicode is not the table's"
)


def judged(text):
    """The rule of a list's tag, by Python's own normalisation."""
    text = "".join(
        "\ufffd" if unicodedata.category(one) == "Cs" else one for one in text if ord(one) not in IGNORABLE
    )
    before = None
    while text != before:
        before = text
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
        text = "".join(one for one in folded if ord(one) not in IGNORABLE)
    blank = "".join(
        " " if one.isspace() or unicodedata.category(one) == "Cc" or one in ",;、،؛" else one for one in text
    )
    return " ".join(part for part in blank.split(" ") if part).lstrip("# ")


def disagreements(code_points):
    texts = (context.format(chr(point)) for point in code_points for context in CONTEXTS)
    return [ascii(text) for text in texts if normalize_tag(text) != judged(text)]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Beach", "beach"),
        ("#Beach", "beach"),
        ("＃ #beach", "beach"),
        ("C#", "c#"),
        ("San Francisco, CA", "san francisco ca"),
        ("red\u00a0 deer\u00a0", "red deer"),
        ("scho\u0308n", "sch\u00f6n"),
        ("ＣＡＦÉ", "café"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("soft\u00adhyphen\u200b\ufeff", "softhyphen"),
        ("한국", "한국"),
        ("\u1112\u1161\u11ab", "한"),
        ("ᾳ\u0301", "άι"),
        ("α\u0301\u0345", "άι"),
        ("\ud800", "\ufffd"),
        ("a\x00b\tc", "a b c"),
        (" ,;# \n", ""),
        ("", ""),
    ],
)
def test_a_tags_form(text, tag):
    assert normalize_tag(text) == tag


def test_separators_of_a_text():
    text = "Black; WHITE,#female\nsea\r\nsky\u2028a；b，c、d،e"
    assert split_tags(text) == ["black", "white", "female", "sea", "sky", "a", "b", "c", "d", "e"]
    assert split_tags(" ,; ") == []


def test_tags_of_a_list_count_once():
    assert unique_tags(["Beach", "#beach", "", "sea, side", "beach"]) == ("beach", "sea side")


def test_a_list_becomes_a_text_and_back():
    assert split_tags(join_tags(["San Francisco, CA", "a;b", "🄁"])) == ["san francisco ca", "a b", "0"]


@same_unicode
def test_code_points_alone_and_among_marks():
    assert disagreements([*range(0x600), *range(0x1F00, 0x2000), *range(0xAC00, 0xD7A4, 97)]) == []
    assert disagreements(range(0x600, 0x110000, 997)) == []


@same_unicode
@pytest.mark.exhaustive
def test_all_code_points_alone_and_among_marks():
    assert disagreements(range(0x110000)) == []


@same_unicode
def test_every_pair_of_the_table_is_composed():
    pairs = map("".join, rule_table().compose)
    assert [pair for pair in pairs if normalize_tag(pair) != judged(pair)] == []


@same_unicode
@given(TEXT)
def test_any_text_has_the_form_that_unicodedata_gives(text):
    assert normalize_tag(text) == judged(text)


@given(TEXT)
@settings(deadline=None)
def test_a_form_is_its_own_form_and_has_the_same_key(text):
    tag = normalize_tag(text)
    assert normalize_tag(tag) == tag
    assert lookup_key(tag) == lookup_key(text)
    assert split_tags(tag) == ([tag] if tag else [])


@same_unicode
@given(TEXT)
def test_canonically_equivalent_texts_are_one_tag(text):
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")}
    assert {normalize_tag(form) for form in forms} == {normalize_tag(text)}
    assert [split_tags(form) for form in forms] == [split_tags(text)] * len(forms)


@given(st.lists(TEXT))
def test_a_joined_list_splits_into_its_tags(tags):
    assert split_tags(join_tags(tags)) == [tag for tag in map(normalize_tag, tags) if tag]
