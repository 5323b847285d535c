"""Photographs as people have them: turned, odd, damaged. Every command sees the same pixels or error."""

import io
import json
import os
import shutil
import socket
import struct
import subprocess
import zlib

import numpy as np
import pytest
import tensorflow as tf
from mutated_images import mutated_images, pictures
from PIL import Image, ImageOps

from mmannot_tf.data.cropping import decode_window, random_window
from mmannot_tf.serving.annotating.graph_decoder import GraphDecoder
from mmannot_tf.serving.inputs.passed_over import PassedOver
from mmannot_tf.serving.inputs.photographs import photographs
from tfrecords_tools.building.images import checked_photograph
from tfrecords_tools.cli.main import main as records_main
from tfrecords_tools.photographs.decoding import decode
from tfrecords_tools.photographs.encoded import EncodedPhotograph, encoded_photograph
from tfrecords_tools.photographs.exif_orientation import orientation_of
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.reading.records import data_loss_as_user_error, open_records, read
from tfrecords_tools.shell.errors import UserError

ENDLESS_ERROR = (
    b"DDS "
    + struct.pack("<7I", 124, 0x1007, 4, 4, 0, 0, 0)
    + bytes(44)
    + struct.pack("<2I", 32, 4)
    + b"ZZZZ"
    + bytes(20)
    + struct.pack("<5I", 0x1000, 0, 0, 0, 0)
)
"""A file for which Pillow raises an error that is its own cause."""
UNTURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How an upright picture is stored, by orientation: the inverse of EXIF's table."""


def _picture(width=48, height=32, cell=8):
    pixels = np.random.default_rng(3).integers(60, 196, (height // cell, width // cell, 3), np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


def _exif(orientation, *, order="II", kind=3, count=1):
    """A TIFF file with one entry, the orientation."""
    sign = "<" if order == "II" else ">"
    value = struct.pack(
        f"{sign}HH" if kind == 3 else f"{sign}I", *([orientation, 0] if kind == 3 else [orientation])
    )
    entry = struct.pack(f"{sign}HHI", 0x0112, kind, count) + value
    return order.encode() + struct.pack(f"{sign}HI", 42, 8) + struct.pack(f"{sign}H", 1) + entry + bytes(4)


def _bytes(image, image_format, **options):
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def _stored(orientation, image_format="PNG", picture=None, **options):
    """A picture as a phone stores it that was held in this orientation."""
    upright = picture or _picture()
    turn = UNTURN.get(orientation)
    stored = upright if turn is None else upright.transpose(turn)
    return _bytes(stored, image_format, exif=b"Exif\0\0" + _exif(orientation), **options)


def _late_exif(content, exif):
    """A PNG whose eXIf chunk stands behind the pixels, as ExifTool writes it."""
    chunk = b"eXIf" + exif
    end = content.rindex(b"IEND") - 4
    return (
        content[:end]
        + struct.pack(">I", len(exif))
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + content[end:]
    )


def _decoded(content, orientation="exif"):
    return decode(tf.constant(content), orientation=orientation).numpy()


@pytest.mark.parametrize("orientation", range(9))
def test_fault_01_a_lossless_picture_has_the_same_pixels_however_it_is_stored(orientation):
    expected = np.asarray(_picture())
    whole = _bytes(_picture(), "PNG")
    stored = _stored(orientation)
    np.testing.assert_array_equal(_decoded(stored), expected)
    seed = tf.constant([5, 7])
    crop = decode_window(tf.constant(whole), seed, 0.08, orientation="exif")
    np.testing.assert_array_equal(decode_window(tf.constant(stored), seed, 0.08, orientation="exif"), crop)
    decoder = GraphDecoder(size=32, sampling="antialiased", orientation="exif")
    np.testing.assert_array_equal(decoder(stored), decoder(whole))
    for image_format, options in (("WEBP", {"lossless": True}), ("TIFF", {})):
        np.testing.assert_array_equal(decoder(_stored(orientation, image_format, **options)), decoder(whole))


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("order", ["II", "MM"])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "late PNG", "MPO"])
def test_fault_01_orientation_is_what_pillow_reads(orientation, order, image_format):
    exif = _exif(orientation, order=order)
    picture = _picture()
    if image_format == "late PNG":
        content = _late_exif(_bytes(picture, "PNG"), exif)
    else:
        frames = {"save_all": True, "append_images": [picture]} if image_format == "MPO" else {}
        content = _bytes(picture, image_format, exif=b"Exif\0\0" + exif, **frames)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    np.testing.assert_array_equal(_decoded(content), np.asarray(expected))
    np.testing.assert_array_equal(
        _decoded(content, "ignored"), _decoded(content.replace(exif, bytes(len(exif))))
    )


@pytest.mark.parametrize(
    ("exif", "orientation"),
    [
        (_exif(6, kind=4), 6),
        (b"Exif\0\0" + _exif(6), 6),
        (_exif(6, kind=1), 1),
        (_exif(6, count=2), 1),
        (_exif(6)[:14], 1),
        (b"II*\0\xff\xff\xff\x7f", 1),
        (b"MM\0*\xff\xff\xff\xff", 1),
        (b"II*\0", 1),
        (b"", 1),
        (b"garbage of no order at all", 1),
    ],
)
def test_fault_01_odd_exif_is_read_as_far_as_it_is_defined(exif, orientation):
    content = _late_exif(_bytes(_picture(), "PNG"), exif)
    assert orientation_of(tf.constant(content)).numpy() == orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_fault_01_a_crop_of_a_turned_jpeg_is_cut_from_the_upright_picture(orientation):
    stored = _stored(orientation, "JPEG", subsampling=0)
    upright = _decoded(stored)
    for seed in ([1, 2], [3, 4], [5, 6]):
        window = random_window(tf.constant(upright.shape), tf.constant(seed), 0.08)
        top, left, height, width = window.numpy()
        crop = decode_window(tf.constant(stored), tf.constant(seed), 0.08, orientation="exif")
        np.testing.assert_array_equal(crop, upright[top : top + height, left : left + width])


@pytest.mark.skipif(not shutil.which("jpegtran"), reason="needs jpegtran")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("orientation", "transform"),
    [
        (2, ("-flip", "horizontal")),
        (3, ("-rotate", "180")),
        (4, ("-flip", "vertical")),
        (5, ("-transpose",)),
        (6, ("-rotate", "270")),
        (7, ("-transverse",)),
        (8, ("-rotate", "90")),
    ],
)
def test_fault_01_jpegs_turned_by_jpegtran_are_within_two_grey_levels(orientation, transform, tmp_path):
    """With full colours; libjpeg interpolates halved ones with another asymmetry, of up to 3 levels here."""
    upright = _bytes(_picture(64, 48, cell=16), "JPEG", quality=95, subsampling=0)
    (tmp_path / "upright.jpg").write_bytes(upright)
    turned = subprocess.run(
        ["jpegtran", *transform, tmp_path / "upright.jpg"], check=True, capture_output=True
    ).stdout
    stored = turned[:2] + b"\xff\xe1" + struct.pack(">H", 34) + b"Exif\0\0" + _exif(orientation) + turned[2:]
    seen = ImageOps.exif_transpose(Image.open(io.BytesIO(stored)))
    np.testing.assert_array_equal(_decoded(stored), np.asarray(seen))
    difference = _decoded(stored).astype(int) - _decoded(upright).astype(int)
    assert np.abs(difference).max() <= 2


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_fault_01_heic_is_turned_once(orientation):
    pillow_heif = pytest.importorskip("pillow_heif")
    stored = _picture(64, 48)
    file = io.BytesIO()
    heif = pillow_heif.from_pillow(stored)
    exif = Image.Exif()
    exif[0x0112] = orientation
    heif.save(file, quality=95, chroma=444, exif=exif.tobytes())
    upright = ImageOps.exif_transpose(pillow_heif.open_heif(file.getvalue()).to_pillow())
    png = encoded_photograph(file.getvalue()).content
    np.testing.assert_array_equal(_decoded(png), np.asarray(upright))
    expected = (
        stored.transpose(UNTURN[{6: 8, 8: 6}.get(orientation, orientation)]) if orientation > 1 else stored
    )
    assert upright.size == expected.size
    assert np.abs(np.asarray(upright).astype(int) - np.asarray(expected)).mean() < 3


def _readable(read_image, content):
    try:
        return read_image(content)
    except (UnreadableImageError, tf.errors.OpError, UnicodeDecodeError):
        return None


@pytest.fixture(scope="module")
def saved_decoder(tmp_path_factory):
    """The decoder of a SavedModel, loaded again."""
    module, folder = tf.Module(), tmp_path_factory.mktemp("saved") / "decoder"
    spec = [tf.TensorSpec([], tf.string)]
    module.decode = tf.function(lambda image: decode(image, orientation="exif"), input_signature=spec)
    tf.saved_model.save(module, str(folder))
    return tf.saved_model.load(str(folder)).decode


def test_fault_21_all_decoders_agree_on_damaged_images(saved_decoder):
    annotating = GraphDecoder(size=16, sampling="antialiased", orientation="exif")
    plain = tf.function(
        lambda image: tf.io.decode_jpeg(image, channels=3, dct_method="INTEGER_ACCURATE"),
        input_signature=[tf.TensorSpec([], tf.string)],
    )
    read = 0
    for name, content in mutated_images(150, seed=21):
        photograph = _readable(checked_photograph, content)
        assert (_readable(annotating, content) is None) == (photograph is None), name
        if photograph is None:
            continue
        built = photograph.content
        read += 1
        assert plain(tf.constant(built)).shape[-1] == 3
        np.testing.assert_array_equal(saved_decoder(tf.constant(built)), _decoded(built), err_msg=name)
    assert 40 < read < 140


def test_fault_03_every_format_of_the_list_is_converted_without_loss():
    picture = _picture()
    for image_format, options in (("WEBP", {"lossless": True}), ("TIFF", {}), ("BMP", {})):
        photograph = encoded_photograph(_bytes(picture, image_format, **options))
        np.testing.assert_array_equal(_decoded(photograph.content), np.asarray(picture))
        assert photograph.original is not None
    first = _picture().quantize(200)
    frames = _bytes(first, "GIF", save_all=True, append_images=[first.rotate(180)])
    expected = Image.open(io.BytesIO(frames)).convert("RGB")
    np.testing.assert_array_equal(_decoded(encoded_photograph(frames).content), np.asarray(expected))


def test_fault_03_all_whole_pictures_of_the_list_are_read():
    refused = {name for name, content in pictures() if _readable(checked_photograph, content) is None}
    assert {name.rpartition(".")[2] for name in refused} == {"ppm", "tga", "ico", "jpeg2000", "dds", "eps"}


def _manifest(folder, contents):
    """Photographs with a manifest; returns the arguments of `build manifest`."""
    rows = ["path,labels,tags,split"]
    for number, (name, content) in enumerate(contents.items()):
        (folder / name).write_bytes(content)
        rows.append(
            f"{name},{'cat' if number % 2 else 'dog'},pet,{('train', 'validation', 'test')[number % 3]}"
        )
    (folder / "list.csv").write_text("\n".join(rows), encoding="utf-8")


def _build(raw, out):
    return ["build", "manifest", "--manifest", str(raw / "list.csv"), "--raw", str(raw), "--out", str(out)]


def test_fault_03_records_keep_what_a_converted_photograph_was(tmp_path, capsys):
    raw = tmp_path / "raw"
    raw.mkdir()
    contents = {
        "a.jpg": _bytes(_picture(), "JPEG"),
        "b.bmp": _bytes(_picture(), "BMP"),
        "c.webp": _bytes(_picture(64, 48), "WEBP", lossless=True),
    }
    _manifest(raw, contents)
    out = tmp_path / "records"
    assert records_main(_build(raw, out)) == 0, capsys.readouterr().err
    records = open_records(out)
    marker = json.loads((records.path / "records.json").read_text(encoding="utf-8"))
    assert [(entry["file"], entry["format"]) for entry in marker["converted"]] == [
        ("b.bmp", "BMP"),
        ("c.webp", "WebP"),
    ]
    assert records_main(["verify", str(out)]) == 0
    stored = {
        e["id"].decode(): e["image"] for s in records.splits for e in read(records, s).as_numpy_iterator()
    }
    assert contents["a.jpg"] in stored.values()
    capsys.readouterr()
    assert records_main(["inspect", str(out)]) == 0
    assert "converted to PNG: 1 BMP, 1 WebP" in capsys.readouterr().out


def test_fault_21_records_with_a_bmp_say_what_to_do(tmp_path, capsys, monkeypatch):
    """As versions before built them."""
    raw = tmp_path / "raw"
    raw.mkdir()
    _manifest(raw, {f"{number}.bmp": _bytes(_picture(), "BMP") for number in range(3)})
    monkeypatch.setattr(
        "tfrecords_tools.building.examining.checked_photograph",
        lambda path, quick: EncodedPhotograph(path.read_bytes()),
    )
    out = tmp_path / "records"
    assert records_main(_build(raw, out)) == 0
    assert records_main(["verify", str(out)]) == 1
    assert "build the records again with --overwrite, which converts BMP" in "".join(capsys.readouterr())
    records = open_records(out)
    decoded = read(records, "train").map(lambda example: decode(example["image"], orientation="exif"))
    message = "with --overwrite, which converts BMP"
    with pytest.raises(UserError, match=message), data_loss_as_user_error(records):
        next(iter(decoded))


@pytest.mark.parametrize("suffix", ["png", "jpg", "dds"])
def test_fault_04_whatever_pillow_raises_is_an_unreadable_file(suffix, tmp_path):
    (tmp_path / f"mini.{suffix}").write_bytes(ENDLESS_ERROR)
    with pytest.raises(UnreadableImageError, match="not JPEG, PNG"):
        checked_photograph(tmp_path / f"mini.{suffix}")


@pytest.mark.parametrize("error", [RecursionError("deep"), MemoryError(), struct.error("short"), KeyError(3)])
def test_fault_04_any_error_of_a_reader_is_an_unreadable_file(error, monkeypatch):
    def load(self):
        raise error from error

    monkeypatch.setattr("PIL.BmpImagePlugin.BmpImageFile.load", load)
    with pytest.raises(UnreadableImageError) as caught:
        encoded_photograph(_bytes(_picture(), "BMP"))
    assert "\n" not in str(caught.value) and str(caught.value)


def test_fault_04_postscript_named_jpg_reaches_no_reader(tmp_path, monkeypatch):
    monkeypatch.setattr("PIL.EpsImagePlugin.EpsImageFile._open", lambda self: pytest.fail("opened"))
    (tmp_path / "a.jpg").write_bytes(_bytes(_picture(), "EPS"))
    with pytest.raises(UnreadableImageError, match="not JPEG, PNG"):
        checked_photograph(tmp_path / "a.jpg")


def test_fault_23_only_regular_files_of_bounded_size_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    with (tmp_path / "sparse.jpg").open("wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(2**40)
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s.jpg"))
    reasons = {}
    for name in ("pipe", "folder", "sparse", "device", "s"):
        with pytest.raises(UnreadableImageError) as caught:
            encoded_photograph(tmp_path / f"{name}.jpg")
        reasons[name] = str(caught.value)
    listener.close()
    assert reasons == {
        "pipe": "a named pipe, not a regular file",
        "folder": "a folder, not a regular file",
        "sparse": "1,099,511,627,776 bytes, more than 536,870,912",
        "device": "a device, not a regular file",
        "s": "a socket, not a regular file",
    }


def test_fault_19_an_empty_file_is_called_so(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(UnreadableImageError, match=r"^empty file$"):
        encoded_photograph(tmp_path / "a.jpg")


def test_fault_03_what_a_folder_holds_beside_photographs_is_counted(tmp_path):
    for name in ("a.heic", "b.WEBP", "c.tif", "d.gif", "e.bmp", "f.mov", "g.MOV", "h.jpg.xmp", ".hidden.jpg"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    passed_over = PassedOver()
    listed = [photograph.relative for photograph in photographs([tmp_path], passed_over)]
    assert listed == ["a.heic", "b.WEBP", "c.tif", "d.gif", "e.bmp"]
    assert (
        str(passed_over) == "2 files with another suffix (2 .mov), 1 hidden file or folder, 1 linked folder"
    )
