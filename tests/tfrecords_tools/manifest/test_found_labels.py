from tfrecords_tools.manifest.found_labels import LabelRule, label_photographs
from tfrecords_tools.manifest.found_photographs import FoundPhotograph
from tfrecords_tools.manifest.label_merging import LabelMerging


def photographs(*words):
    return [FoundPhotograph(f"{number}.jpg", one, None) for number, one in enumerate(words)]


def rows(found):
    return [(row.labels, row.tags) for row in found.rows]


def test_frequent_keywords_are_labels_and_the_others_tags():
    found = label_photographs(
        photographs(("dog", "rex"), ("dog", "lawn"), ("cat",)), LabelRule("metadata", least=2)
    )
    assert rows(found) == [(("dog",), ("rex",)), (("dog",), ("lawn",)), ((), ("cat",))]
    assert (found.labels, found.others) == ({"dog": 2}, {"cat": 1, "lawn": 1, "rex": 1})


def test_a_list_decides_whatever_the_number():
    found = label_photographs(
        photographs(("dog", "rex"), ("cat", "dog")), LabelRule("metadata", ["cat", "bird"], least=9)
    )
    assert rows(found) == [((), ("dog", "rex")), (("cat",), ("dog",))]


def test_no_tag_is_a_label_of_its_photograph_in_another_spelling():
    rule = LabelRule("metadata", ["dog"])
    assert rows(label_photographs(photographs(("dog", "Dog", "#DOG", "x"), ("Dog",)), rule)) == [
        (("dog",), ("x",)),
        ((), ("Dog",)),
    ]


def test_case_is_folded_and_synonyms_count_together():
    words = photographs(("Dog", "dog"), ("hound",), ("dog",))
    merging = LabelMerging({"hound": "dog"}, fold_case=True)
    found = label_photographs(words, LabelRule("metadata", least=3, merging=merging))
    assert rows(found) == [(("dog",), ())] * 3
    listed = LabelRule("metadata", ["DOG"], merging=LabelMerging(fold_case=True))
    assert rows(label_photographs(words, listed)) == [(("DOG",), ()), ((), ("hound",)), (("DOG",), ())]


def test_a_list_in_decomposed_letters_is_found_and_keeps_its_spelling():
    found = label_photographs(photographs(("caf\u00e9",)), LabelRule("metadata", ["cafe\u0301"]))
    assert rows(found) == [(("cafe\u0301",), ())]


def test_names_of_folders_are_never_tags_and_dates_no_labels_unless_listed():
    words = photographs(("animals", "dog"), ("2019", "dog"))
    assert rows(label_photographs(words, LabelRule("folders"))) == [(("animals", "dog"), ()), (("dog",), ())]
    listed = LabelRule("folders", ["2019"])
    assert rows(label_photographs(words, listed)) == [((), ()), (("2019",), ())]
