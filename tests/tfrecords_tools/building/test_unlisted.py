from tfrecords_tools.building.unlisted import NAMED, unlisted_files


def test_what_is_not_listed_is_counted_by_kind(tmp_path):
    names = ["a.jpg", "B.JPG", "in/c.png", "in/d.heic", "in/.e.jpg", ".f/g.jpg", "h", "i.MP4", "j.mp4"]
    names.append("@eaDir/a.jpg/thumb.jpg")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("in")
    assert unlisted_files(tmp_path, {str(tmp_path / "a.jpg"), str(tmp_path / "in" / "c.png")}) == {
        "photographs": 2,
        "named": ["B.JPG", "in/d.heic"],
        "other": {".mp4": 2, "no suffix": 1},
        "hidden": 3,
    }


def test_few_are_named(tmp_path):
    for number in range(NAMED + 3):
        (tmp_path / f"{number:02}.jpg").touch()
    found = unlisted_files(tmp_path, ())
    assert (found["photographs"], len(found["named"]), found["named"][0]) == (NAMED + 3, NAMED, "00.jpg")
