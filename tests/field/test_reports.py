"""Bug reports of other projects, tried here; docs/field-reports.md has the links, in the same order."""

import io
import json
import os
import shutil
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageChops

from mmannot_tf.cli.main import main
from tfrecords_tools.cli.main import main as records_main

HEADER = "path,labels,split\n"
ROWS = "a.jpg,cat,train\nb.jpg,dog,train\nc.jpg,cat,validation\nd.jpg,dog,test\n"
POINTER = (
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22e\nsize 178\n"
)


@pytest.fixture(scope="module")
def decoded():
    """Decodes a photograph as every command does, after checking it as a build does."""
    from mmannot_tf.serving.annotating.graph_decoder import GraphDecoder
    from tfrecords_tools.building.images import checked_photograph

    decoder = GraphDecoder(size=64, sampling="half_pixel", orientation="exif")

    def decode(content):
        checked_photograph(content)
        return decoder(content)

    return decode


@pytest.fixture(scope="module")
def refused():
    """Why a photograph is refused: by a build, and by annotate and serve."""
    from mmannot_tf.serving.annotating.graph_decoder import GraphDecoder
    from tfrecords_tools.building.images import checked_photograph
    from tfrecords_tools.photographs.unreadable import UnreadableImageError

    def reasons(content):
        found = []
        for read in (checked_photograph, GraphDecoder(size=8, sampling="half_pixel", orientation="exif")):
            with pytest.raises(UnreadableImageError) as error:
                read(content)
            found.append(str(error.value))
        return found

    return reasons


def _with_chunk(png, kind, content, *, at=33):
    """A PNG with one more chunk, by default after its header."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return png[:at] + struct.pack(">I", len(content)) + kind + content + checksum + png[at:]


# Failed before: photographs


def test_report_01_a_pillow_image_of_16_bits_keeps_its_greys(encode):
    from mmannot_tf.api.arguments import encoded_image

    grey = np.tile(np.arange(0, 256, 4, np.uint8), (64, 1))
    image = Image.open(io.BytesIO(encode(Image.fromarray(grey.astype(np.uint16) * 257))))
    assert image.mode == "I;16"
    given = Image.open(io.BytesIO(encoded_image(image, 0)))
    assert not ImageChops.difference(given.convert("L"), Image.fromarray(grey)).getbbox()


def test_report_02_a_png_with_megabytes_of_text_is_a_photograph(encode, pixels, decoded):
    png, text = encode(pixels), zlib.compress(b"<x/>" * 1_000_000)
    for kind, start in ((b"zTXt", b"notes\0\0"), (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0")):
        assert np.array_equal(decoded(_with_chunk(png, kind, start + text)), decoded(png))


def test_report_03_a_png_with_a_large_colour_profile_is_a_photograph(encode, pixels, decoded):
    png = encode(pixels)
    profile = b"printer\0\0" + zlib.compress(b"\0" * 3_000_000)
    assert np.array_equal(decoded(_with_chunk(png, b"iCCP", profile)), decoded(png))


def test_report_04_what_training_cannot_decode_passes_no_check(encode, pixels, refused):
    xcode = _with_chunk(encode(pixels), b"CgBI", b"\x50\0\x20\x02", at=8)
    reasons = refused(xcode)
    assert all(reasons)


def test_report_05_a_photograph_above_the_limit_is_told_its_size(encode, refused):
    png = bytearray(encode(Image.new("L", (8, 8))))
    png[16:24] = struct.pack(">II", 20_992, 10_496)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    for reason in refused(bytes(png)):
        assert "20992 x 10496 pixels, more than" in reason


# Failed before: folders and files


def test_report_06_a_synology_s_thumbnails_are_passed_over(annotate, tmp_path, write_photo):
    write_photo(tmp_path / "a.jpg")
    write_photo(tmp_path / "@eaDir" / "a.jpg" / "SYNOPHOTO_THUMB_M.jpg")
    status, out, err = annotate(tmp_path)
    assert (status, len(out.splitlines())) == (0, 1)
    assert "1 system folder (@eaDir)" in err


def test_report_07_a_recycle_bin_is_passed_over(annotate, tmp_path, write_photo):
    synology_and_qnap = ["#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot"]
    computers = ["$RECYCLE.BIN", "__MACOSX", "System Volume Information", "sub/lost+found"]
    for root, folders in ((tmp_path / "nas", synology_and_qnap), (tmp_path / "pc", computers)):
        for name in ("a.jpg", *(f"{folder}/old.jpg" for folder in folders)):
            write_photo(root / name)
        status, out, err = annotate(root)
        assert (status, len(out.splitlines())) == (0, 1)
        assert [folder for folder in folders if folder.rpartition("/")[2] not in err] == []


def test_report_08_every_suffix_of_a_jpeg_is_found(annotate, tmp_path, write_photo):
    suffixes = ("jpg", "JPG", "jpeg", "jpe", "jfif", "JFIF", "mpo", "jif", "pjpeg")
    for suffix in suffixes:
        write_photo(tmp_path / f"of_{suffix}.{suffix}")
    status, out, _ = annotate(tmp_path)
    assert (status, len(out.splitlines())) == (0, len(suffixes))


def test_report_09_a_folder_without_photographs_is_said(annotate, tmp_path, write_photo):
    (tmp_path / "film.mov").write_bytes(b"film")
    for options in ((), ("--out", tmp_path / "labels.csv")):
        _, out, err = annotate(tmp_path, *options)
        assert not out and "no photograph" in err.lower()
        assert "1 .mov" in err
    write_photo(tmp_path / "a.jpg")
    for _ in range(2):  # the second time it is annotated already
        assert "no photograph" not in annotate(tmp_path, "--out", tmp_path / "labels.csv")[2].lower()


def test_report_10_linked_folders_are_counted(annotate, tmp_path, write_photo):
    write_photo(tmp_path / "photos" / "a.jpg")
    write_photo(tmp_path / "elsewhere" / "b.jpg")
    (tmp_path / "photos" / "2022").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "loop").symlink_to(tmp_path / "photos")
    status, out, err = annotate(tmp_path / "photos")
    assert (status, len(out.splitlines())) == (0, 1)
    assert "2 linked folders" in err


def test_report_11_a_photograph_that_was_replaced_is_said(annotate, tmp_path, write_photo):
    photo, out = write_photo(tmp_path / "a.jpg"), tmp_path / "labels.jsonl"
    write_photo(tmp_path / "b.jpg")
    assert annotate(photo, tmp_path / "b.jpg", "--out", out)[0] == 0
    now = out.stat().st_mtime
    for path, age in ((tmp_path / "b.jpg", 30), (out, 20), (write_photo(photo, 1), 10)):
        os.utime(path, (now - age, now - age))
    status, _, err = annotate(photo, tmp_path / "b.jpg", "--out", out)
    assert status == 0 and "1 photograph changed after the annotation" in err and "a.jpg" in err


def test_report_11_a_photograph_that_is_newer_than_its_sidecar_is_said(annotate, tmp_path, write_photo):
    photo = write_photo(tmp_path / "a.jpg")
    assert annotate(photo, "--format", "xmp")[0] == 0
    (sidecar,) = tmp_path.glob("*.xmp")
    written = sidecar.stat().st_mtime
    for age, said in ((-10, False), (10, True)):
        os.utime(photo, (written + age, written + age))
        status, _, err = annotate(photo, "--format", "xmp")
        assert (status, "1 photograph changed after the annotation" in err) == (0, said)


def test_report_12_a_resumed_output_with_other_tags_is_said(annotate, tmp_path, write_photo):
    photo, out = write_photo(tmp_path / "a.jpg"), tmp_path / "labels.csv"
    assert "other tags" not in annotate(photo, "--tags", "beach", "--out", out)[2]
    assert "other tags" not in annotate(photo, "--tags", "beach", "--out", out)[2]
    status, _, err = annotate(photo, "--tags", "café", "--out", out)
    assert status == 0 and "1 photograph was annotated with other tags" in err


def test_report_13_a_sidecar_may_have_the_longest_name(annotate, tmp_path, write_photo):
    photo = write_photo(tmp_path / f"{'n' * (255 - len('.jpg.xmp'))}.jpg")
    status, _, err = annotate(photo, "--format", "xmp")
    assert (status, sorted(path.suffix for path in tmp_path.iterdir())) == (0, [".jpg", ".xmp"]), err


def test_report_12_keywords_of_the_photograph_are_no_other_tags(annotate, tmp_path, write_photo):
    """`annotate` itself may have written them: labels of sidecars are keywords afterwards."""
    photo, out = write_photo(tmp_path / "a.jpg"), tmp_path / "labels.jsonl"
    metadata = ("--tags-from", "metadata", "--out", out)
    assert annotate(photo, *metadata)[0] == 0
    assert annotate(photo, "--tags", "beach", "--format", "xmp")[0] == 0
    assert json.loads(out.read_text())["tags"] == ""
    status, _, err = annotate(photo, "--tags", "beach", *metadata)
    assert status == 0 and "other tags" not in err


@pytest.mark.parametrize("kind", ["annotations", "h5", "safetensors"])
def test_report_14_a_git_lfs_pointer_is_named(kind, coco, records_command, tmp_path, capsys):
    if kind == "annotations":
        raw = coco()
        (raw / "annotations" / "instances_train2017.json").write_text(POINTER)
        status, _, err = records_command("check", "mscoco", "--raw", raw)
    else:
        path, origin = tmp_path / f"w.{kind}", "keras" if kind == "h5" else "torchvision"
        path.write_text(POINTER)
        arguments = ("weights", "import", path, "--from", origin, "--to", tmp_path / "out.h5")
        status, err = main([*map(str, arguments)]), capsys.readouterr().err
    assert status == 1 and "Git LFS" in err and "git lfs pull" in err


# Failed before: tables and settings


def test_report_15_a_configuration_may_begin_with_a_byte_order_mark(tmp_path, capsys):
    from mmannot_tf.config.loading import load, shipped

    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + shipped()["quickstart"].read_bytes().replace(b"\n", b"\r\n"))
    assert load(path) == load("quickstart")


@pytest.mark.parametrize("mark", [",", ";"])
def test_report_16_a_spreadsheet_s_line_about_its_separator_is_read(manifest, mark):
    status, out, err = manifest(f"sep={mark}\n" + (HEADER + ROWS).replace(",", mark))
    assert status == 0 and "2 labels" in out, err


def test_report_17_empty_columns_at_the_end_are_no_columns(manifest):
    status, out, err = manifest((HEADER + ROWS).replace("\n", ",,\n"))
    assert status == 0 and "2 labels" in out, err


def test_report_18_rows_of_empty_cells_are_no_rows(manifest):
    status, out, err = manifest(f"{HEADER}{ROWS},,\n , ,\n")
    assert status == 0 and "nothing would be lost" in out, err


def test_report_19_a_cell_may_be_long(manifest):
    words = ";".join(f"word{number}" for number in range(20_000))
    status, out, err = manifest(f"path,labels,split,tags\n{ROWS.replace(chr(10), f',{words}{chr(10)}')}")
    assert status == 0 and "20000 tags" in out.replace(",", ""), err


def test_report_20_labels_that_differ_in_invisible_characters_are_said(manifest):
    _, out, _ = manifest(HEADER + ROWS.replace("cat", "cat\u200b", 1))
    assert r"Unicode form only: 'cat', 'cat\u200b'" in out


# Failed before: MS-COCO's layout from other tools


def _first_category_named(name):
    return lambda documents: [half["categories"][0].update(name=name) for half in documents.values()]


def test_report_21_a_category_of_two_lines_is_refused(check_coco):
    status, _, err = check_coco(_first_category_named("big\ncat"))
    assert status == 1 and "one line of text" in err and "category 1" in err


@pytest.mark.parametrize("name", ["", "  "])
def test_report_22_a_category_needs_a_name(check_coco, name):
    status, _, err = check_coco(_first_category_named(name))
    assert status == 1 and "one line of text" in err and "category 1" in err


def test_report_23_blanks_make_no_other_category(check_coco):
    status, out, _ = check_coco(_first_category_named("dog "))
    assert status == 1 and "2 labels" not in out


def test_report_24_a_category_of_no_image_is_named(check_coco):
    root = {"id": 0, "name": "animals", "supercategory": "none"}
    status, out, _ = check_coco(lambda d: [half["categories"].insert(0, root) for half in d.values()])
    assert status == 0 and "note: no training image has 'animals'" in out


def test_report_25_one_file_under_two_ids_is_named(check_coco):
    _, out, _ = check_coco(lambda d: d["train"]["images"][1].update(file_name="1.jpg"))
    assert "one photograph: 1, 2" in out


def test_report_26_both_halves_may_count_from_1(coco, tmp_path):
    import mmannot_tf

    def count_from_1(documents):
        for key in ("images", "annotations"):
            for entry in documents["val"][key]:
                name = "id" if key == "images" else "image_id"
                entry[name] -= 10

    raw = coco(count_from_1)
    captions = raw / "annotations" / "captions_val2017.json"
    document = json.loads(captions.read_text())
    for entry in document["annotations"]:
        entry["image_id"] -= 10
    captions.write_text(json.dumps(document))
    command = ["build", "mscoco", "--raw", str(raw), "--out", str(tmp_path / "out")]
    assert records_main([*command, "--validation-share", "0.3"]) == 0
    records = mmannot_tf.open_records(tmp_path / "out")
    assert sum(records.splits.values()) == 8 and records.splits["test"] == 2


def test_report_27_categories_of_one_half_alone_are_named(check_coco):
    status, _, err = check_coco(lambda d: d["val"]["categories"].pop())
    assert status == 1 and "only train has 2 'dog'" in err


def test_report_28_file_names_of_windows_are_found(check_coco):
    status, out, _ = check_coco(
        lambda d: [image.update(file_name=f".\\{image['file_name']}") for image in d["train"]["images"]]
    )
    assert status == 0 and "0 missing" in out


def test_report_29_ids_that_went_through_floats_are_ids(check_coco):
    def as_floats(documents):
        for entry in documents["train"]["annotations"]:
            entry.update(image_id=float(entry["image_id"]), category_id=float(entry["category_id"]))

    status, out, _ = check_coco(as_floats)
    assert status == 0 and "nothing would be lost" in out


# Failed before: serving


def test_report_30_a_monitor_may_ask_with_head(client):
    for path in ("/healthz", "/", "/metrics", "/v1/models/photos", "/v1/models/photos/metadata"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b""), path


def test_report_31_base64_without_its_key_is_named(client, photo, b64):
    for text in (b64(photo())["b64"], "data:image/png;base64," + b64(photo())["b64"]):
        for image in (text, {"b64": f"data:image/png;base64,{text}"}):
            answer = client.post("/v1/models/photos:predict", json={"instances": [{"image": image}]})
            assert answer.status_code == 400 and '{"b64": ' in answer.json()["error"], answer.text


def test_report_32_predict_asked_with_get_says_post(client):
    for path in ("/v1/models/photos:predict", "/v1/models/photos/versions/3:predict"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


# Failed before: the command line


def test_report_33_a_terminal_of_few_characters_ends_no_command(annotate, tmp_path, write_photo, monkeypatch):
    photo = write_photo(tmp_path / "пляж 😀.jpg")
    for encoding in ("ascii", "cp1252"):
        for options in ((), ("--json",)):
            written = io.BytesIO()
            monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
            status, *_ = annotate(photo, *options)
            sys.stdout.flush()
            assert status == 0 and rb"\u043f\u043b\u044f\u0436" in written.getvalue()
        (photograph,) = json.loads(written.getvalue().decode(encoding))["photographs"]
        assert photograph["annotations"]


def test_report_34_a_tilde_after_an_equals_sign_is_the_home_folder(tmp_path, monkeypatch, capsys, manifest):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    manifest(HEADER + ROWS)
    command = ["build", "manifest", "--manifest", "photos.csv", "--raw", "photos", "--out=~/records"]
    assert records_main(command) == 0
    assert (home / "records").is_dir() and not (tmp_path / "~").exists()


# Held before


def test_report_35_tables_are_printed_where_lines_cannot_be_drawn(tiny_records, monkeypatch):
    for encoding in ("ascii", "cp1252"):
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
        assert records_main(["inspect", str(tiny_records.path)]) == 0
        sys.stdout.flush()
        assert b"train" in written.getvalue()


def test_report_36_a_reader_that_stops_is_no_traceback(monkeypatch, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    closed = io.TextIOWrapper(os.fdopen(writer, "wb", buffering=0), write_through=True)
    monkeypatch.setattr(sys, "stdout", closed)
    with pytest.raises(SystemExit, match="1"):
        main(["readings", "quickstart"])
    monkeypatch.undo()
    assert not capsys.readouterr().err


def test_report_37_what_follows_a_jpeg_is_not_read(encode, pixels, decoded):
    jpeg = encode(pixels, "JPEG", quality=95)
    film = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 20
    for more in (film, b"MotionPhoto_Data" + film, jpeg[:500], bytes(4096)):
        assert np.array_equal(decoded(jpeg + more), decoded(jpeg))


def test_report_38_cmyk_of_photo_tools_has_its_colours(encode, pixels, decoded):
    cmyk = encode(Image.fromarray(pixels).convert("CMYK"), "JPEG", quality=95, subsampling=0)
    assert b"Adobe" in cmyk
    assert np.abs(decoded(cmyk) - decoded(encode(pixels))).mean() < 2


def test_report_39_a_wrong_scan_header_of_a_phone_is_overlooked(encode, pixels, decoded):
    jpeg = encode(pixels, "JPEG", quality=95)
    scan = jpeg.index(b"\xff\xda")
    end = scan + 2 + int.from_bytes(jpeg[scan + 2 : scan + 4])
    assert jpeg[end - 3 : end] == b"\0\x3f\0"
    samsung = jpeg[: end - 3] + b"\0\0\0" + jpeg[end:]
    assert np.array_equal(decoded(samsung), decoded(jpeg))


def test_report_40_web_safe_base64_is_refused_by_name(client):
    answer = client.post("/v1/models/photos:predict", json={"instances": [{"image": {"b64": "_-8_-A=="}}]})
    assert answer.status_code == 400 and "must be base64" in answer.json()["error"]


def test_report_41_an_instance_without_names_is_told_the_inputs(client, photo, b64):
    image = b64(photo())
    for body in ({"instances": [image]}, {"inputs": image}):
        answer = client.post("/v1/models/photos:predict", json=body)
        assert answer.status_code == 400 and "must be image, tags" in answer.json()["error"]


def test_report_42_an_empty_batch_is_an_answer(exported):
    import tensorflow as tf

    none = tf.constant([], tf.string)
    loaded = tf.saved_model.load(str(exported))  # its functions live as long as it does
    outputs = loaded.signatures["serving_default"](image=none, tags=none)
    assert outputs["probabilities"].shape[0] == outputs["annotations"].shape[0] == 0
    network = loaded.signatures["network"]
    size = network.structured_input_signature[1]["image"].shape[1]
    outputs = network(image=tf.zeros([0, size, size, 3]), tag_lists=tf.zeros([0, 3], tf.int32))
    assert outputs["probabilities"].shape[0] == 0


def test_report_43_a_class_without_positives_leaves_the_mean_precision_alone():
    from mmannot_tf.evaluation.metrics import mean_average_precision

    scores = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert mean_average_precision(scores, np.array([[True, False], [False, False]])) == 100
    assert mean_average_precision(scores, np.zeros((2, 2), bool)) == 0


def test_report_44_images_without_labels_count_by_the_classes():
    import mmannot_tf

    labels = [[1, 0], [0, 0]]
    assert mmannot_tf.score(labels, selected=[[1, 0], [0, 0]]).image_f1 == 100
    scores = mmannot_tf.score(labels, selected=[[1, 0], [0, 1]])
    assert (scores.image_precision, scores.image_recall) == (50, 100)


def test_report_45_records_may_be_renamed_and_moved(tiny_records, tmp_path, records_command):
    moved = tmp_path / "My Photos Ü"
    shutil.copytree(tiny_records.path, moved)
    assert records_command("verify", moved)[0] == 0
    assert records_command("inspect", moved)[0] == 0


def test_report_46_weights_of_several_gpus_lose_their_prefix(tmp_path):
    save_file = pytest.importorskip("safetensors.numpy").save_file
    from mmannot_tf.weights.torchvision import import_torchvision
    from tfrecords_tools.shell.errors import UserError

    def refusal(prefix):
        save_file({f"{prefix}conv1.weight": np.zeros((64, 3, 7, 7), np.float32)}, tmp_path / "w.safetensors")
        with pytest.raises(UserError) as error:
            import_torchvision(tmp_path / "w.safetensors")
        return str(error.value)

    assert refusal("module.") == refusal("") != refusal("backbone.")


def test_report_47_version_folders_may_have_zeros_and_company(exported, tmp_path):
    from mmannot_tf.serving.model import open_model

    shutil.copytree(exported, tmp_path / "00000007")
    for name in (".DS_Store", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "@eaDir").mkdir()
    assert open_model(tmp_path).path.name == "00000007"


def test_report_48_photographs_of_one_stem_share_no_sidecar(annotate, tmp_path, write_photo):
    write_photo(tmp_path / "a.jpg")
    write_photo(tmp_path / "a.jpeg", 1)
    (tmp_path / "a.xmp").write_text("whose?")
    assert annotate(tmp_path, "--format", "xmp")[0] == 0
    assert (tmp_path / "a.xmp").read_text() == "whose?"
    assert (tmp_path / "a.jpg.xmp").is_file() and (tmp_path / "a.jpeg.xmp").is_file()


def test_report_49_sidecars_in_folders_of_any_letters_are_found_again(annotate, tmp_path, write_photo):
    photo = write_photo(tmp_path / "Źdźbło żyta" / "a #1 50%.jpg")
    assert "annotated 1" in annotate(tmp_path, "--format", "xmp")[2]
    assert photo.with_name("a #1 50%.jpg.xmp").is_file()
    assert "1 were annotated already" in annotate(tmp_path, "--format", "xmp")[2]


def test_report_50_ids_that_are_texts_are_refused_by_name(check_coco):
    def as_texts(documents):
        for entry in documents["train"]["annotations"]:
            entry["image_id"] = str(entry["image_id"])

    status, out, _ = check_coco(as_texts)
    assert status == 1 and "image_id '1' is no whole number" in out
