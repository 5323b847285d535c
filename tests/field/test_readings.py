"""Pictures as people see them, in every command: turned upright, antialiased; what was made before stays."""

import io
import json
import shutil

import numpy as np
import pytest
import served
import tensorflow as tf
from PIL import Image, ImageDraw
from tiers import exhaustive

from mmannot_tf.cli.main import main
from mmannot_tf.config.data_keys import FORMER
from mmannot_tf.config.loading import dump, load, shipped
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.data.images import decode_resized, normalise, resize
from mmannot_tf.runs.run import open_run
from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.formats.saved_model import open_saved_model
from mmannot_tf.serving.inputs.photographs import photographs
from mmannot_tf.serving.model import model_of, open_model
from mmannot_tf.weights.provenance import CENTRED
from tfrecords_tools.cli.main import main as records_main
from tfrecords_tools.photographs.encoded import encoded_photograph
from tfrecords_tools.reading.records import open_records, read
from tfrecords_tools.shell.files import digest

serve, b64 = served.serve, served.b64
STAGES = ("cnn", "cnn_longer", "ms_cnn", "tag_encoder", "classifier", "quantity_visual", "quantity")
NEAR = 0.02
"""The largest difference of a probability between a photograph and its smaller copy."""


def _scene(width, height, mode="RGB"):
    """A coarse coloured picture with fine stripes and letters: sharp at any size, the same at all."""
    draw = np.random.default_rng(0)
    image = Image.fromarray(draw.integers(0, 256, (6, 8, 3), np.uint8)).resize((width, height), Image.BICUBIC)
    pen, step = ImageDraw.Draw(image), max(2, width // 500)
    for left in range(width // 8, 3 * width // 8, 2 * step):
        pen.rectangle((left, height // 8, left + step - 1, height // 2), fill="white")
    pen.text((width // 2, height // 2), "fine print " * 20, fill="black", font_size=max(10, width // 150))
    return image.convert(mode)


def _turned(image, name, orientation=6, **options):
    """An encoded image with an EXIF orientation."""
    exif, written = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    image.save(written, name, exif=exif, **options)
    return written.getvalue()


def _deep(width, height):
    return Image.fromarray(np.asarray(_scene(width, height, "L")).astype(np.uint16) * 257)


ODD = {
    "cmyk.jpg": lambda: _turned(_scene(1200, 901, "CMYK"), "JPEG", quality=95),
    "progressive.jpg": lambda: _turned(_scene(700, 500), "JPEG", orientation=7, progressive=True),
    "deep.png": lambda: _turned(_deep(90, 61), "PNG", orientation=5),
    "see_through.png": lambda: _turned(_scene(300, 200, "RGBA"), "PNG", orientation=3),
    "scan.tif": lambda: _turned(_scene(400, 300), "TIFF", orientation=8),
}
"""Photographs that programs read in different ways, each turned by EXIF."""


class _Recorder:
    """An engine that keeps the pixels that it gets, and computes with the SavedModel."""

    def __init__(self, folder):
        self.engine, self.pixels = open_saved_model(folder), []
        self.name, self.version = "recorder", "1"

    def __call__(self, inputs):
        self.pixels.append(inputs.image)
        return self.engine(inputs)


@pytest.fixture(scope="module")
def odd(made_once):
    """The odd photographs in a folder, and records of them."""

    def make(folder):
        (folder / "photos").mkdir(parents=True)
        rows = ["path,labels,tags,split"]
        for name, encoded in ODD.items():
            (folder / "photos" / name).write_bytes(encoded())
            rows.append(f"{name},sea,water,train")
        for split in ("validation", "test"):
            _scene(40, 30).resize((40 + len(split), 30)).save(folder / "photos" / f"{split}.png")
            rows.append(f"{split}.png,sea,water,{split}")
        (folder / "own.csv").write_text("\n".join(rows) + "\n")
        paths = ("--manifest", folder / "own.csv", "--raw", folder / "photos", "--out", folder / "records")
        assert records_main(["build", "manifest", *map(str, paths)]) == 0

    return made_once("odd_photographs", make)


@pytest.fixture(scope="module")
def stored(odd):
    """What the records hold of each odd photograph, by its name."""
    examples = read(open_records(odd / "records"), "train").as_numpy_iterator()
    return {example["id"].decode(): example["image"] for example in examples}


@pytest.fixture(scope="module")
def trained_on(odd, exported):
    """The pixels that training gets of each odd photograph before they are normalised, by its name."""
    data = open_model(exported)
    settings = load("quickstart").data.model_copy(
        update={"image_size": data.image_size, "orientation": data.orientation, "resize": data.resize}
    )
    batches = ImageBatches(open_records(odd / "records"), settings, CENTRED, batch_size=len(ODD))
    ((pixels, _),) = batches.split("train")
    names = [example["id"].decode() for example in read(batches.records, "train").as_numpy_iterator()]
    return dict(zip(names, pixels.numpy(), strict=True))


@pytest.mark.parametrize(
    "name", ["cmyk.jpg", "deep.png", *exhaustive(sorted(ODD.keys() - {"cmyk.jpg", "deep.png"}))]
)
def test_fault_01_an_odd_picture_has_the_same_pixels_everywhere(
    exported, odd, stored, trained_on, serve, b64, name, capsys
):
    """Records, a training batch, `annotate`, `serve` by form and by JSON, and the SavedModel."""
    file = odd / "photos" / name
    (key,) = (key for key in stored if key.startswith(name.partition(".")[0]))
    assert stored[key] == encoded_photograph(file).content
    engine = _Recorder(exported)
    annotator = Annotator(open_model(exported), lambda _: engine)
    ((annotation,),) = annotator.annotate_files(photographs([file]), tags="", batch_size=1)
    client = serve(annotator).client
    form = client.post("/annotate", files={"images": (name, file.read_bytes())}).json()["results"][0]
    row = client.post(
        "/v1/models/photos:predict", json={"instances": [{"image": b64(file.read_bytes()), "tags": ""}]}
    ).json()["predictions"][0]

    by_hand = np.asarray(_upright(file).resize(engine.pixels[0].shape[1:3], Image.Resampling.BILINEAR))
    assert np.abs(engine.pixels[0][0] - by_hand).mean() < 3.0
    for pixels in engine.pixels[1:]:
        np.testing.assert_array_equal(pixels, engine.pixels[0])
    assert len(engine.pixels) == 3
    np.testing.assert_array_equal(trained_on[key], normalise(tf.constant(engine.pixels[0]), CENTRED)[0])

    saved = engine.engine.model.signatures["serving_default"]
    outputs = saved(image=tf.constant([stored[key]]), tags=tf.constant([""]))
    probabilities = outputs["probabilities"].numpy()[0]
    np.testing.assert_array_equal(np.float32(row["probabilities"]), probabilities)
    labels = open_model(exported).labels
    assert annotation.labels == tuple(
        (label, float(probabilities[labels.index(label)])) for label, _ in annotation.labels
    )
    assert form["annotations"] == annotation.document()["annotations"]
    assert main(["annotate", str(exported), str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["photographs"][0]["annotations"] == form["annotations"]


def _upright(file):
    """A photograph turned by its pixels' positions alone; 16 bits a channel become 8."""
    image = Image.open(file)
    if image.format == "TIFF":  # Pillow turns it when it loads it
        return image.convert("RGB")
    turn = {
        3: Image.Transpose.ROTATE_180,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }[image.getexif()[0x0112]]
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGB").transpose(turn)


@pytest.fixture(scope="module")
def pair():
    """A sharp photograph of 4032 x 3024 pixels, and its copy of 1024 x 768, as JPEG.

    The copy's pixels are means: Lanczos' overshoot, cut at black and white, would change the picture itself.
    """
    large = _scene(4032, 3024)
    copy = large.resize((1024, 768), Image.Resampling.BOX)
    return [_jpeg(image) for image in (large, copy)]


def _jpeg(image):
    written = io.BytesIO()
    image.save(written, "JPEG", quality=95)
    return written.getvalue()


def _difference(images, sampling, size=224):
    """Grey levels per pixel between two photographs as the network sees them."""
    large, copy = (
        decode_resized(tf.constant(image), size=size, sampling=sampling, orientation="exif")
        for image in images
    )
    return float(tf.reduce_mean(tf.abs(large - copy)))


def test_fault_02_a_large_photograph_and_its_copy_get_the_same_labels(exported, pair):
    annotator = Annotator(open_model(exported), lambda _: open_saved_model(exported))
    outputs = annotator.run(annotator.inputs([annotator.decode(image) for image in pair], ["", ""]))
    assert outputs.selected_labels(0) == outputs.selected_labels(1)
    assert np.abs(outputs.probabilities[0] - outputs.probabilities[1]).max() < NEAR


def test_fault_02_antialiased_pixels_do_not_depend_on_the_photographs_size(pair):
    assert _difference(pair, "antialiased") < 1.0
    assert _difference(pair, "half_pixel") > 3.0


def test_fault_02_a_jpeg_decoded_at_a_fraction_is_near_the_whole_one(pair):
    encoded = tf.constant(pair[0])
    whole = resize(tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE"), 224, "antialiased")
    reduced = decode_resized(encoded, size=224, sampling="antialiased", orientation="exif")
    assert 0.0 < float(tf.reduce_mean(tf.abs(reduced - whole))) < 1.0


def test_faults_01_and_02_only_the_papers_configurations_have_the_plain_reading():
    readings = {name: load(name).data for name in shipped()}
    plain = {name for name, data in readings.items() if data.resize == "half_pixel"}
    assert plain == {name for name, data in readings.items() if data.orientation == "ignored"}
    assert plain == {"nus_wide", "nus_wide_printed", "mscoco"}
    assert {data.resize for name, data in readings.items() if name not in plain} == {"antialiased"}


def test_faults_01_and_02_an_export_says_how_its_pixels_are_made(exported):
    metadata = json.loads((exported / "export.json").read_text())
    assert (metadata["orientation"], metadata["resize"]) == ("exif", "antialiased")
    card = (exported / "README.md").read_text(encoding="utf-8")
    assert "turned upright as their EXIF orientation says" in card
    assert "bilinear with antialiasing" in card and "shorter side is 128 pixels or more" in card


@pytest.fixture
def former(tiny_run, tmp_path):
    """The tiny run as a version without the two keys would have left it."""
    folder = shutil.copytree(tiny_run.path, tmp_path / "former")
    text = (folder / "config.toml").read_text()
    kept = [line for line in text.splitlines() if not line.startswith(("orientation =", "resize ="))]
    (folder / "config.toml").write_text("\n".join(kept))
    renewed = {}
    for name in STAGES:
        file = folder / "stages" / name / "stage.json"
        record = json.loads(file.read_text())
        made_from = {
            key: renewed.get(str(value), value)
            for key, value in record["made_from"].items()
            if key.removeprefix("data.") not in FORMER
        }
        renewed[record["digest"]] = digest([made_from, record["weights"]])
        record |= {"made_from": made_from, "digest": renewed[record["digest"]]}
        del record["seal"]
        file.write_text(json.dumps(record))
    return folder


def test_faults_01_and_02_a_run_of_before_keeps_its_reading_and_its_stages(
    former, tiny_run, tiny_records, tmp_path, capsys
):
    """The user trains again with the same file as then, which knows neither key."""
    run = open_run(former)
    assert (run.config.data.orientation, run.config.data.resize) == ("ignored", "half_pixel")
    file = tmp_path / "own.toml"
    stated = dump(tiny_run.config).splitlines()
    file.write_text("\n".join(line for line in stated if not line.startswith(("orientation =", "resize ="))))
    command = ["train", str(file), "--data", str(tiny_records.path), "--run", str(former)]
    assert main(command) == 0
    told = capsys.readouterr().err
    assert told.count("done, skipped") == len(STAGES)
    assert 'data.orientation = "ignored", data.resize = "half_pixel"' in told
    again = open_run(former)
    assert again.config == run.config
    assert model_of(again).digest == model_of(run).digest


def test_faults_01_and_02_an_export_of_before_keeps_its_reading(exported, tmp_path):
    folder = shutil.copytree(exported, tmp_path / "1")
    metadata = json.loads((folder / "export.json").read_text())
    for key in ("orientation", "seal"):
        metadata.pop(key, None)
    (folder / "export.json").write_text(json.dumps({**metadata, "resize": "half_pixel"}))
    model = open_model(folder)
    assert (model.orientation, model.resize) == ("ignored", "half_pixel")
    turned = _turned(_scene(64, 48), "PNG")
    decoded = Annotator(model, lambda _: None).decode(turned)
    stored = np.asarray(Image.open(io.BytesIO(turned)).convert("RGB"))
    np.testing.assert_array_equal(decoded, resize(tf.constant(stored), 32, "half_pixel"))
