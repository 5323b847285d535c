from pathlib import Path

import pytest
import served

from mmannot_tf.serving.card import Card, read_card
from mmannot_tf.serving.model import STARTER, open_model

NO_SCORES = """# mine: image annotation with a predicted number of labels

## Scores

Not evaluated.

## Limits

| C-P |
|---:|
| 1.0 |
"""


def _card(folder, text):
    folder.mkdir(parents=True)
    (folder / "README.md").write_bytes(text)
    return read_card(served.annotator(path=folder).model)


def test_the_starters_scores_are_those_that_readme_prints():
    card = read_card(open_model(STARTER))
    assert card.name == "starter"
    assert [card.scores[name] for name in ("I-P", "I-R", "I-F1")] == [75.0, 76.5, 75.7]
    assert card.text.startswith("CNN+Tags, untagged CNN on the 5,903 images of the test split, percent")


def test_a_card_without_scores_says_so(tmp_path):
    assert _card(tmp_path / "export" / "1", NO_SCORES.encode()) == Card("mine", "Not evaluated.", {})


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe\0",
        b"# other\n",
        b"## Limits\n",
        b"## Scores\n| a | b |\n|--|\n| 1 |\n",
        b"## Scores\n| a |\n|-|\n| b |",
    ],
)
def test_what_is_no_card_of_ours_leaves_the_folders_name(tmp_path, text):
    assert _card(tmp_path / "export" / "12", text) == Card("export")


def test_the_name_of_a_model_without_a_card_is_its_folders():
    assert read_card(served.annotator(path=Path("/nowhere/mine/3")).model).name == "mine"
    assert read_card(served.annotator(path=Path("/nowhere/run")).model).name == "run"
