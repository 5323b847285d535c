import pytest

from tfrecords_tools.mscoco.captions import STOP_WORDS, words


def test_words_are_lower_case_unique_and_in_order():
    assert words(["A Dog, and the DOG!", "two\ndogs  running "]) == ("dog", "two", "dogs", "running")


def test_letters_part_at_digits_punctuation_and_contractions():
    assert words(["stop-sign no2 dog's café_bar"]) == ("stop", "sign", "dog", "café", "bar")


def test_whitespace_keeps_punctuation_that_a_tag_may_hold():
    assert words(["A stop-sign, no2. "], tokens="whitespace") == ("stop-sign", "no2.")


def test_composed_and_decomposed_letters_are_one_word():
    assert words(["cafe\u0301", "caf\u00e9"]) == ("caf\u00e9",)


def test_stop_words_can_be_kept():
    assert words(["a dog on it"], stop_words="keep") == ("a", "dog", "on", "it")


@pytest.mark.parametrize("captions", [[], [""], [" \n"], ["the 12 of it!"]])
def test_captions_may_leave_nothing(captions):
    assert words(captions) == ()


def test_the_list_is_the_127_words_of_nltk():
    assert len(STOP_WORDS) == 127
    assert all(word == word.lower() and word.isalpha() for word in STOP_WORDS)
