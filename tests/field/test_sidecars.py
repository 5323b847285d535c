"""Keywords in XMP files beside photographs, and the keywords that photographs bring along."""

import json
import shutil
import subprocess

import pytest
from PIL import Image

from mmannot_tf.cli.main import main
from mmannot_tf.serving.annotation import Annotation
from mmannot_tf.serving.inputs.photographs import PhotographFile
from mmannot_tf.serving.outputs.sidecars import Sidecars
from tfrecords_tools.photographs.keyword_fields import SUBJECT, added_labels
from tfrecords_tools.photographs.xmp import XmpPacket

HEAD = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
"""
TAIL = """
 </rdf:RDF>
</x:xmpmeta>
     \n     \n<?xpacket end="w"?>
"""
DARKTABLE = f"""{HEAD}  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:darktable="http://darktable.sf.net/"
   xmp:Rating="3"
   darktable:xmp_version="4"
   darktable:history_end="2">
   <dc:subject>
    <rdf:Seq>
     <rdf:li>alpha</rdf:li>
    </rdf:Seq>
   </dc:subject>
   <lr:hierarchicalSubject>
    <rdf:Seq>
     <rdf:li>letters|alpha</rdf:li>
    </rdf:Seq>
   </lr:hierarchicalSubject>
   <darktable:history>
    <rdf:Seq>
     <rdf:li
      darktable:operation="exposure"
      darktable:enabled="1"
      darktable:params="gz02&#10;eJxjYGBg"/>
    </rdf:Seq>
   </darktable:history>
  </rdf:Description>{TAIL}"""
DIGIKAM = f"""{HEAD}  <rdf:Description rdf:about="" xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmlns:mediapro="http://ns.iview-multimedia.com/mediapro/1.0/"
    digiKam:PickLabel="0">
   <digiKam:TagsList><rdf:Seq><rdf:li>letters/alpha</rdf:li></rdf:Seq></digiKam:TagsList>
   <MicrosoftPhoto:LastKeywordXMP><rdf:Bag><rdf:li>letters/alpha</rdf:li></rdf:Bag></MicrosoftPhoto:LastKeywordXMP>
   <lr:hierarchicalSubject><rdf:Bag><rdf:li>letters|alpha</rdf:li></rdf:Bag></lr:hierarchicalSubject>
   <mediapro:CatalogSets><rdf:Bag><rdf:li>letters|alpha</rdf:li></rdf:Bag></mediapro:CatalogSets>
   <dc:subject><rdf:Bag><rdf:li>alpha</rdf:li></rdf:Bag></dc:subject>
  </rdf:Description>{TAIL}"""
EXIFTOOL = """<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='Image::ExifTool 12.57'>
<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>

 <rdf:Description rdf:about=''
  xmlns:dc='http://purl.org/dc/elements/1.1/'>
  <dc:description>
   <rdf:Alt>
    <rdf:li xml:lang='x-default'>two&#xd;
lines &amp; a	tab</rdf:li>
   </rdf:Alt>
  </dc:description>
 </rdf:Description>

 <rdf:Description rdf:about=''
  xmlns:tiff='http://ns.adobe.com/tiff/1.0/'>
  <tiff:Model>A Camera</tiff:Model>
 </rdf:Description>

 <rdf:Description rdf:about=''
  xmlns:mwg-rs='http://www.metadataworkinggroup.com/schemas/regions/'>
  <mwg-rs:Regions rdf:parseType='Resource'>
   <mwg-rs:RegionList><rdf:Bag>
    <rdf:li rdf:parseType='Resource'><mwg-rs:Name>Eve</mwg-rs:Name></rdf:li>
   </rdf:Bag></mwg-rs:RegionList>
  </mwg-rs:Regions>
 </rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end='w'?>"""
LIGHTROOM = f"""{HEAD}  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
   xmp:Label="a&#10;b&#9;c" crs:Version="13.0" dc:subject="alpha">
   <crs:ToneCurve><rdf:Seq><rdf:li>0, 0</rdf:li><rdf:li>255, 255</rdf:li></rdf:Seq></crs:ToneCurve>
   <!-- a remark -->
  </rdf:Description>{TAIL}"""
FILES = {"darktable": DARKTABLE, "digiKam": DIGIKAM, "ExifTool": EXIFTOOL, "Lightroom": LIGHTROOM}
FIELDS = {
    "Subject": "",
    "HierarchicalSubject": "|",
    "TagsList": "/",
    "LastKeywordXMP": "/",
    "CatalogSets": "|",
}


def _annotate(image, *labels, model="m", name="full"):
    """Writes the labels as the command does; returns the result and the lines that were said."""
    lines: list[str] = []
    output = Sidecars(model, name, lines.append)
    (result,) = output.write([Annotation(str(image), "", tuple((label, 0.5) for label in labels), 1.0)])
    output.close()
    return result, lines


def _is_done(image, model="m"):
    output = Sidecars(model)
    done = not output.wants(PhotographFile(image, image.name))
    output.close()
    return done


def _photograph(folder, sidecar=None, name="a.xmp"):
    Image.new("RGB", (32, 32), (90, 60, 30)).save(folder / "a.jpg")
    if sidecar is not None:
        (folder / name).write_text(sidecar, encoding="utf-8", newline="")
    return folder / "a.jpg"


def _run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)


def _exiftool(file):
    (tags,) = json.loads(_run("exiftool", "-G1", "-j", "-struct", file).stdout)
    return {name: value for name, value in tags.items() if name.startswith("XMP")}


def _exiv2(file):
    done = _run("exiv2", "-PXkt", file)
    assert done.stderr == ""
    return done.stdout.splitlines()


def _is_ours(name):
    return (
        "mmannot" in name
        or any(name.endswith((f":{field}", f".{field}")) for field in FIELDS)
        or (name.startswith(("Xmp.dc.subject", "Xmp.lr.hierarchicalSubject")))
    )


def _list(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("kind", FILES)
def test_fault_12_every_keyword_field_that_exists_gets_the_labels(tmp_path, kind):
    image = _photograph(tmp_path, FILES[kind])
    _annotate(image, "sea/sun", "boat")
    _annotate(image, "boat", "sky", model="n")
    text = (tmp_path / "a.xmp").read_text(encoding="utf-8")
    fields = [field for field in FIELDS if field.lower() in FILES[kind].lower()]
    assert text.count(">boat<") == text.count(">sky<") == 1 + max(1, len(fields))  # and the list of ours
    assert "sea" not in text and text.count("alpha<") >= len(fields)


@pytest.mark.parametrize("kind", FILES)
def test_fault_14_what_is_not_ours_keeps_its_text(tmp_path, kind):
    image = _photograph(tmp_path, FILES[kind])
    _annotate(image, "sea")
    text = (tmp_path / "a.xmp").read_bytes().decode()
    start, end = FILES[kind].split("<rdf:RDF")[0], FILES[kind].rpartition("</x:xmpmeta>")[2]
    assert text.startswith(start.partition("<x:")[0]) and text.endswith(end)
    for kept in ("&#10;", "&#9;", "<!-- a remark -->", "\ttab", 'Rating="3"', "x:xmptk="):
        assert text.count(kept) == FILES[kind].count(kept)


def test_fault_14_odd_forms_become_a_bag(tmp_path):
    image = _photograph(tmp_path, LIGHTROOM)
    _annotate(image, "sea")
    text = (tmp_path / "a.xmp").read_text(encoding="utf-8")
    assert 'dc:subject="' not in text
    assert "<rdf:Bag><rdf:li>alpha</rdf:li><rdf:li>sea</rdf:li></rdf:Bag>" in text


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("exiftool") or not shutil.which("exiv2"), reason="needs ExifTool, Exiv2")
@pytest.mark.parametrize("kind", FILES)
def test_fault_14_exiftool_and_exiv2_see_the_same_but_for_ours(tmp_path, kind):
    image, file = _photograph(tmp_path, FILES[kind]), tmp_path / "a.xmp"
    before, lines = _exiftool(file), _exiv2(file)
    _annotate(image, "sea", "sky")
    _annotate(image, "sky", "tree/house", model="n")
    after = _exiftool(file)
    assert {name: after[name] for name in after if not _is_ours(name)} == {
        name: before[name] for name in before if not _is_ours(name)
    }
    assert [line for line in _exiv2(file) if not _is_ours(line.split()[0] if line.split() else "")] == [
        line for line in lines if not _is_ours(line.split()[0] if line.split() else "")
    ]
    for field, separator in FIELDS.items():
        for name in (name for name in after if name.endswith(f":{field}")):
            added = ["sky", "tree-house" if separator == "/" else "tree/house"]
            assert _list(after[name]) == [*_list(before.get(name, [])), *added]
    assert after["XMP-dc:Subject"]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("exiftool"), reason="needs ExifTool")
def test_fault_13_copying_tags_by_name_copies_nothing_of_ours_to_standard_tags(tmp_path):
    image = _photograph(tmp_path)
    _annotate(image, "sea")
    _run("exiftool", "-q", "-tagsfromfile", tmp_path / "a.jpg.xmp", "-all", "-exif:all", "-iptc:all", image)
    (tags,) = json.loads(_run("exiftool", "-G1", "-j", image).stdout)
    assert [
        name for name, value in tags.items() if value == "m" or name.endswith((":Model", ":Keywords"))
    ] == []
    assert tags["XMP-dc:Subject"] == "sea"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("exiftool"), reason="needs ExifTool")
def test_fault_12_labels_that_exiftool_copied_to_another_field_are_replaced_there(tmp_path):
    image = _photograph(tmp_path)
    _annotate(image, "sea/sun")
    file = tmp_path / "a.jpg.xmp"
    command = ("exiftool", "-q", "-r", "-overwrite_original", "-ext", "xmp")
    _run(*command, "-XMP-digiKam:TagsList<XMP-dc:Subject", tmp_path)  # as docs/serving.md says
    assert _exiftool(file)["XMP-digiKam:TagsList"] == ["sea/sun"]
    _annotate(image, "sky", model="n")
    assert _exiftool(file)["XMP-digiKam:TagsList"] == ["sky"] and _is_done(image, "n")


def test_fault_13_the_former_names_are_replaced(tmp_path):
    former = DIGIKAM.replace(
        "</rdf:Description>", "<m:model xmlns:m='urn:mmannot:1.0/'>m</m:model></rdf:Description>"
    )
    image = _photograph(tmp_path, former)
    _annotate(image, "sea")
    text = (tmp_path / "a.xmp").read_text(encoding="utf-8")
    assert ":model" not in text and "mmannot:AnnotationModel" in text and _is_done(image)


@pytest.mark.parametrize(
    ("existing", "name", "written"),
    [
        ([], "full", "a.jpg.xmp"),
        ([], "stem", "a.xmp"),
        (["a.xmp"], "full", "a.xmp"),
        (["a.jpg.xmp"], "stem", "a.jpg.xmp"),
        (["a.jpg.xmp", "a.xmp"], "stem", "a.jpg.xmp"),
        (["a.XMP"], "full", "a.XMP"),
    ],
)
def test_fault_15_an_existing_sidecar_of_either_name_is_merged(tmp_path, existing, name, written):
    image = _photograph(tmp_path)
    for file in existing:
        (tmp_path / file).write_text(DIGIKAM, encoding="utf-8")
    _, lines = _annotate(image, "sea", name=name)
    assert "sea" in (tmp_path / written).read_text(encoding="utf-8")
    others = {file.name for file in tmp_path.iterdir()} - {"a.jpg", written}
    assert others == set(existing) - {written}
    assert all((tmp_path / file).read_text(encoding="utf-8") == DIGIKAM for file in others)
    assert len(lines) == len(others)
    assert _is_done(image)


def test_fault_12_a_label_that_a_person_gives_later_stays(tmp_path):
    image = _photograph(tmp_path, DIGIKAM)
    _annotate(image, "beach", "sea")
    file = tmp_path / "a.xmp"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("letters|alpha<", "places|beach<"), encoding="utf-8")
    _annotate(image, "sky", model="n")
    packet = XmpPacket(file.read_bytes())
    assert packet.values(SUBJECT.name) == ["alpha", "beach", "sky"]
    assert added_labels(packet) == ["sky"]


def test_fault_15_the_command_names_new_sidecars(tiny_run, tmp_path, capsys):
    image = _photograph(tmp_path)
    assert (
        main(["annotate", str(tiny_run.path), str(image), "--format", "xmp", "--sidecar-name", "stem"]) == 0
    )
    assert (tmp_path / "a.xmp").exists() and not (tmp_path / "a.jpg.xmp").exists()
    assert main(["annotate", str(tiny_run.path), str(image), "--format", "xmp"]) == 0
    assert "1 were annotated already" in capsys.readouterr().err


def test_fault_19_labels_with_control_characters_are_xml(tmp_path):
    image = _photograph(tmp_path, DIGIKAM)
    _annotate(image, "be\0ll\x07")
    text = (tmp_path / "a.xmp").read_text(encoding="utf-8")
    assert text.count("<rdf:li>be\ufffdll\ufffd</rdf:li>") == 6
    _annotate(image, "be\0ll\x07")
    assert (tmp_path / "a.xmp").read_text(encoding="utf-8") == text


def test_fault_20_properties_as_attributes_are_found(tmp_path):
    image = _photograph(tmp_path, LIGHTROOM)
    _annotate(image, "sea")
    file = tmp_path / "a.xmp"
    text = file.read_text(encoding="utf-8")
    element = '<mmannot:AnnotationModel xmlns:mmannot="urn:mmannot:1.0/">m</mmannot:AnnotationModel>'
    assert element in text
    attribute = 'xmlns:mmannot="urn:mmannot:1.0/" mmannot:AnnotationModel="m" crs:Version='
    file.write_text(text.replace(element, "").replace("crs:Version=", attribute), encoding="utf-8")
    assert _is_done(image)
    _annotate(image, "sky", model="n")
    assert file.read_text(encoding="utf-8").count("AnnotationModel") == 2  # one element
    assert _is_done(image, "n") and not _is_done(image, "m")


def test_fault_20_links_and_modes_stay(tmp_path):
    image = _photograph(tmp_path, DIGIKAM, "real")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "a.xmp").symlink_to("real")
    _annotate(image, "sea")
    assert (tmp_path / "a.xmp").is_symlink() and "sea" in (tmp_path / "real").read_text(encoding="utf-8")
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("exiftool") or not shutil.which("exiv2"), reason="needs ExifTool, Exiv2")
@pytest.mark.parametrize("sidecar", [None, DIGIKAM])
def test_fault_20_edits_by_exiv2_and_exiftool_in_between_change_nothing(tmp_path, sidecar):
    image = _photograph(tmp_path, sidecar)
    _annotate(image, "sea", "sky")
    file = tmp_path / ("a.jpg.xmp" if sidecar is None else "a.xmp")
    for edit in (
        ("exiv2", "-Mset Xmp.xmp.Rating 5", file),
        ("exiftool", "-q", "-overwrite_original", "-XMP-dc:Title=a title", file),
        ("exiv2", "-Mset Xmp.dc.description words", file),
    ):
        _run(*edit)
        assert _is_done(image)
        _annotate(image, "sky", "sun", model="n")
        _annotate(image, "sea", "sky", model="m")
        assert _exiv2(file)
    tags = _exiftool(file)
    assert (tags["XMP-xmp:Rating"], tags["XMP-dc:Title"], tags["XMP-dc:Description"]) == (
        5,
        "a title",
        "words",
    )
    assert tags["XMP-dc:Subject"] == ([] if sidecar is None else ["alpha"]) + ["sea", "sky"]


def test_fault_23_a_sidecar_of_an_unknown_encoding_is_an_error_of_its_photograph(tiny_run, tmp_path, capsys):
    broken = '<?xml version="1.0" encoding="klingon"?>' + DIGIKAM.partition("\n")[2]
    _photograph(tmp_path, broken)
    Image.new("RGB", (32, 32)).save(tmp_path / "b.jpg")
    assert main(["annotate", str(tiny_run.path), str(tmp_path), "--format", "xmp"]) == 1
    assert "a.xmp is left unchanged: its encoding must be" in capsys.readouterr().err
    assert (tmp_path / "a.xmp").read_text(encoding="utf-8") == broken
    assert (tmp_path / "b.jpg.xmp").exists() and not (tmp_path / "a.jpg.xmp").exists()


def test_metadata_keywords_are_tags_and_labels_are_not(tiny_run, tmp_path, capsys):
    image = _photograph(tmp_path, DIGIKAM)
    Image.new("RGB", (32, 32)).save(tmp_path / "b.jpg")
    assert main(["annotate", str(tiny_run.path), str(tmp_path), "--format", "xmp"]) == 0
    out = tmp_path / "labels.jsonl"
    command = ["annotate", str(tiny_run.path), str(tmp_path), "--tags", "red", "--tags-from", "metadata"]
    assert main([*command, "--out", str(out)]) == 0
    records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [record["tags"] for record in records] == ["red, alpha, letters", "red"]
    assert "1 of 2 photographs has keywords of its own" in capsys.readouterr().err
    assert _is_done(image, records[0]["model"])


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("exiftool"), reason="needs ExifTool")
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_metadata_keywords_are_those_that_exiftool_reads(tmp_path, suffix):
    from tfrecords_tools.photographs.keywords import read_keywords
    from tfrecords_tools.photographs.sidecars import SidecarFinder

    image = tmp_path / f"a.{suffix}"
    Image.new("RGB", (32, 32)).save(image)
    fields = {
        "XMP-dc:Subject": ["schön", "a & b"],
        "XMP-lr:HierarchicalSubject": ["places|Île-de-France"],
        "XMP-digiKam:TagsList": ["people/Eve"],
        "XMP-microsoft:LastKeywordXMP": ["things/boat"],
        **({"IPTC:Keywords": ["señal", "rain"]} if suffix in ("jpg", "tif") else {}),
        "EXIF:XPKeywords": ["one;zwölf"],
    }
    options = [f"-{name}={value}" for name, values in fields.items() for value in values]
    _run("exiftool", "-q", "-overwrite_original", "-codedcharacterset=utf8", *options, image)
    names = [f"-{name}" for name in fields]
    (tags,) = json.loads(_run("exiftool", "-j", *names, image).stdout)
    expected = [
        word
        for name, value in tags.items()
        if name != "SourceFile"
        for text in _list(value)
        for word in text.replace("|", "/").replace(";", "/").split("/")
    ]
    found = read_keywords(image, SidecarFinder())
    assert (sorted(found.words), found.problems) == (sorted(expected), ())
    assert len(expected) == sum(len(values) for values in fields.values()) + 4
