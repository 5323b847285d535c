import pytest

from tfrecords_tools.building.splitting import uniform_hash
from tfrecords_tools.manifest.rows import Row
from tfrecords_tools.manifest.splits import split_rows


def rows(*splits: str | None) -> list[Row]:
    return [Row(f"{number}.jpg", ("cat",), (), (), split) for number, split in enumerate(splits)]


def names(found) -> dict[str, set[str]]:
    return {split: {row.path for row in part} for split, part in found.items()}


def test_rows_without_a_split_are_drawn_by_their_path():
    drawn = names(split_rows(rows(*[None] * 400), validation_share=0.2, test_share=0.3))
    numbers = {f"{n}.jpg": uniform_hash(f"{n}.jpg") for n in range(400)}
    assert drawn == {
        "train": {path for path, number in numbers.items() if number >= 0.5},
        "validation": {path for path, number in numbers.items() if 0.3 <= number < 0.5},
        "test": {path for path, number in numbers.items() if number < 0.3},
    }
    assert all(drawn.values())


def test_a_row_falls_the_same_way_whatever_else_is_there():
    whole = names(split_rows(rows(*[None] * 50), validation_share=0.2, test_share=0.2))
    part = names(split_rows(rows(*[None] * 50)[::3], validation_share=0.2, test_share=0.2))
    assert all(part[split] <= whole[split] for split in whole)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_row_keeps_its_own_split(split):
    given = rows(*[split] * 20, "validation")
    assert {row.path for row in given[:20]} <= names(split_rows(given, validation_share=0.5, test_share=0.4))[
        split
    ]


def test_without_validation_rows_a_share_of_the_training_rows_is_held_out():
    found = names(split_rows(rows(*["train"] * 100, *["test"] * 100), validation_share=0.25, test_share=0.5))
    assert found["test"] == {f"{n}.jpg" for n in range(100, 200)}
    assert found["validation"] == {f"{n}.jpg" for n in range(100) if uniform_hash(f"{n}.jpg") < 0.25}
    assert found["train"] == {f"{n}.jpg" for n in range(100) if uniform_hash(f"{n}.jpg") >= 0.25}


def test_order_is_kept_and_every_row_falls_into_one_split():
    given = rows(None, "train", None, "test", None, "train")
    found = split_rows(given, validation_share=0.3, test_share=0.3)
    assert sorted((row for part in found.values() for row in part), key=lambda row: row.path) == given
    assert all(list(part) == sorted(part, key=lambda row: row.path) for part in found.values())
