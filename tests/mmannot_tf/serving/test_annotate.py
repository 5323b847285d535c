import numpy as np
import pytest
from PIL import Image

from mmannot_tf.serving import annotate
from mmannot_tf.serving.export import export
from tfrecords_tools.errors import UserError


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    files = [folder / "a.jpg", folder / "b.png", folder / "c.jpg"]
    for file in files:
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).save(file)
    return files


def test_a_run_and_its_export_annotate_alike(tiny_run, images, tmp_path):
    tags = {str(images[0]): ",".join(tiny_run.dataset.tags[:3])}
    by_run = list(annotate.annotate(annotate.load_signature(tiny_run.path), images, tags=tags))
    exported = annotate.load_signature(export(tiny_run, tmp_path / "1"))
    by_export = list(annotate.annotate(exported, images, tags=tags, batch_size=2))
    assert [one.image for one in by_run] == [str(image) for image in images]
    for one, other in zip(by_run, by_export, strict=True):
        assert [label for label, _ in one.labels] == [label for label, _ in other.labels]
        np.testing.assert_allclose([p for _, p in one.labels], [p for _, p in other.labels], atol=1e-5)
        assert one.predicted_quantity == pytest.approx(other.predicted_quantity, rel=1e-4)
        assert len(one.labels) >= 1


def test_tags_change_the_answer_and_unknown_ones_do_not(tiny_run, images):
    signature = annotate.load_signature(tiny_run.path)

    def quantity(text):
        (one,) = annotate.annotate(signature, images[:1], tags={str(images[0]): text})
        return one.predicted_quantity

    assert quantity(",".join(tiny_run.dataset.tags[:20])) != quantity("")
    assert quantity("no such tag, nor this") == quantity("")
    assert quantity(f"  {tiny_run.dataset.tags[0].upper()} ,") == quantity(tiny_run.dataset.tags[0])


def test_a_folder_that_is_neither_run_nor_export_is_named(tmp_path):
    with pytest.raises(UserError, match="neither"):
        annotate.load_signature(tmp_path)


def test_readable_images_have_no_fault(images):
    assert [annotate.unreadable(image) for image in images] == [None] * 3


@pytest.mark.parametrize(
    ("name", "content"),
    [("truncated.jpg", lambda whole: whole[: len(whole) // 2]), ("text.jpg", lambda _: b"no image at all")],
)
def test_damaged_images_have_one(images, tmp_path, name, content):
    (tmp_path / name).write_bytes(content(images[0].read_bytes()))
    assert annotate.unreadable(tmp_path / name)


def test_other_formats_and_missing_files_are_faults(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.gif")
    assert annotate.unreadable(tmp_path / "a.gif") == "GIF, not JPEG or PNG"
    assert "No such file" in annotate.unreadable(tmp_path / "none.jpg")


def test_tags_are_read_by_image(tmp_path):
    file = tmp_path / "tags.csv"
    file.write_text('image,tags\na.jpg,"sea, sun"\nb.jpg,\n')
    assert annotate.read_tags(file) == {"a.jpg": "sea, sun", "b.jpg": ""}


@pytest.mark.parametrize(
    ("content", "message"), [("name,words\n", "columns image and tags"), (None, "must exist")]
)
def test_a_tags_file_that_is_none_is_refused(tmp_path, content, message):
    file = tmp_path / "tags.csv"
    if content:
        file.write_text(content)
    with pytest.raises(UserError, match=message):
        annotate.read_tags(file)
