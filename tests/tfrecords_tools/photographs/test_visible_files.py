from tfrecords_tools.photographs.visible_files import visible_files


def test_hidden_and_system_folders_are_counted_and_not_entered(tmp_path):
    for name in ("b.jpg", "a.jpg", ".c.jpg", "z/d.jpg", ".y/e.jpg", "@eaDir/f.jpg", "x/g.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("z")
    assert [(place.name, names, hidden) for place, names, hidden in visible_files(tmp_path)] == [
        (tmp_path.name, ["a.jpg", "b.jpg"], 3),
        ("x", ["g.jpg"], 0),
        ("z", ["d.jpg"], 0),
    ]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path):
    errors: list[OSError] = []
    assert [*visible_files(tmp_path / "none", errors.append)] == []
    assert errors[0].filename == str(tmp_path / "none")
