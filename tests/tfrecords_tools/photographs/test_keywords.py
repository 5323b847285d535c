import io
import os
import struct
import time
import tracemalloc
import zlib

import pytest
from PIL import Image, TiffImagePlugin

from tfrecords_tools.photographs.embedded import MAX_BLOCK
from tfrecords_tools.photographs.keyword_fields import set_labels
from tfrecords_tools.photographs.keywords import MAX_KEYWORDS, embedded_keywords, read_keywords
from tfrecords_tools.photographs.sidecars import SidecarFinder
from tfrecords_tools.photographs.xmp import EMPTY, RDF, XmpPacket

XMP = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about=""
 xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
 <dc:subject><rdf:Bag><rdf:li>beach</rdf:li><rdf:li>schön</rdf:li></rdf:Bag></dc:subject>
 <lr:hierarchicalSubject><rdf:Bag><rdf:li>places|beach</rdf:li></rdf:Bag></lr:hierarchicalSubject>
</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()
WORDS = ("beach", "schön", "places")
UTF8 = b"\x1c\x01\x5a\x00\x03\x1b%G"


def _iptc(*keywords):
    return b"".join(b"\x1c\x02\x19" + struct.pack(">H", len(word)) + word for word in keywords)


def _jpeg(*segments, **options):
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", **options)
    content = file.getvalue()
    marked = b"".join(
        b"\xff" + bytes([marker]) + struct.pack(">H", 2 + len(data)) + data for marker, data in segments
    )
    return content[:2] + marked + content[2:]


def _photoshop(iptc):
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
    return 0xED, b"Photoshop 3.0\0" + resource


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(*chunks):
    """A PNG with chunks behind its pixels."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    end = _chunk(b"IEND", b"")
    return file.getvalue().removesuffix(end) + b"".join(chunks) + end


def _saved(image_format, **options):
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, image_format, **options)
    return file.getvalue()


def _tiff(**tags):
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, (kind, value) in {int(name[1:]): value for name, value in tags.items()}.items():
        info[tag] = value
        info.tagtype[tag] = kind
    return _saved("TIFF", tiffinfo=info)


def _extended(packet, guid=b"0123456789ABCDEF0123456789ABCDEF"):
    main = XMP.replace(
        b"xmlns:lr=", b'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="%s" xmlns:lr=' % guid
    )
    half = len(packet) // 2
    parts = [(half, packet[half:]), (0, packet[:half])]
    header = b"http://ns.adobe.com/xmp/extension/\0" + guid
    segments = [(0xE1, header + struct.pack(">II", len(packet), start) + part) for start, part in parts]
    return _jpeg(*segments, xmp=main)


MORE = XMP.replace(b"beach", b"more")
WINDOWS = Image.Exif()
WINDOWS[0x9C9E] = "sea;schön; \0".encode("utf-16-le")
IMAGES = {
    "JPEG": (_jpeg(xmp=XMP), WORDS),
    "JPEG, UTF-16": (_jpeg(xmp=XMP.decode().encode("utf-16")), WORDS),
    "JPEG, padded with zeros": (_jpeg(xmp=XMP + b"\0\0\n"), WORDS),
    "JPEG, extended": (_extended(MORE), (*WORDS, "more")),
    "JPEG, IPTC in UTF-8": (
        _jpeg(_photoshop(UTF8 + _iptc(b"sea", "schön".encode()))),
        ("sea", "schön"),
    ),
    "JPEG, IPTC in UTF-8 that does not say so": (_jpeg(_photoshop(_iptc("schön".encode()))), ("schön",)),
    "JPEG, IPTC in Latin-1": (_jpeg(_photoshop(_iptc("schön".encode("latin-1")))), ("schön",)),
    "JPEG, Windows": (_jpeg(exif=WINDOWS), ("sea", "schön")),
    "JPEG, all": (_jpeg(_photoshop(_iptc(b"beach", b"sea")), xmp=XMP, exif=WINDOWS), (*WORDS, "sea")),
    "PNG, compressed": (
        _png(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP))),
        WORDS,
    ),
    "PNG": (_png(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0en\0t\0" + XMP)), WORDS),
    "PNG, Windows": (_png(_chunk(b"eXIf", WINDOWS.tobytes())), ("sea", "schön")),
    "PNG without": (_png(), ()),
    "TIFF": (_tiff(_700=(1, XMP), _33723=(7, UTF8 + _iptc(b"sea"))), (*WORDS, "sea")),
    "WebP": (_saved("WEBP", xmp=XMP, exif=WINDOWS), (*WORDS, "sea")),
    "BMP": (_saved("BMP"), ()),
    "no image": (b"nothing", ()),
}


@pytest.mark.parametrize("kind", IMAGES)
def test_keywords_inside_images_are_read(kind):
    content, words = IMAGES[kind]
    found = embedded_keywords(content)
    assert (found.words, found.problems) == (words, ())


def test_heic_photographs_are_read_with_their_extra():
    pytest.importorskip("pillow_heif").register_heif_opener()
    assert embedded_keywords(_saved("HEIF", xmp=XMP)).words == WORDS


DAMAGED = {
    "XMP cut off": (_jpeg(_photoshop(_iptc(b"sea")), xmp=XMP[:200]), ("sea",), "XMP"),
    "IPTC damaged": (_jpeg(_photoshop(b"\x1d\x02\x19\0\0" + _iptc(b"sea")), xmp=XMP), WORDS, "IPTC"),
    "EXIF damaged": (_jpeg((0xE1, b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"), xmp=XMP), WORDS, ""),
    "extension with a wrong length": (
        _extended(MORE).replace(struct.pack(">I", len(MORE)), b"\xff" * 4),
        WORDS,
        "extended",
    ),
    "bomb": (
        _png(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b" " * (MAX_BLOCK + 1)))),
        (),
        "more than",
    ),
    "broken compression": (_png(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0abc")), (), "XMP"),
    "no text": (_png(_chunk(b"iTXt", b"XML:com.adobe.xmp\0")), (), "XMP"),
    "entities": (_jpeg(xmp=b'<!DOCTYPE x [<!ENTITY e "e">]>' + XMP), (), "document type"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_metadata_is_a_problem_of_its_part_alone(kind):
    content, words, problem = DAMAGED[kind]
    found = embedded_keywords(content)
    assert found.words == words
    assert len(found.problems) <= 1 and problem in "".join(found.problems)
    assert "\n" not in "".join(found.problems)


def _peak(content):
    """Returns the keywords in an image, and the most bytes that Python took to read them."""
    embedded_keywords(_jpeg())  # imports what it needs
    tracemalloc.start()
    try:
        found = embedded_keywords(content)
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("main", [None, XMP, b"names"])
def test_extensions_take_no_memory_that_their_bytes_do_not_fill(main):
    guids = [b"%032d" % number for number in range(200)]
    extension = b"http://ns.adobe.com/xmp/extension/\0"
    segments = [(0xE1, extension + guid + struct.pack(">II", MAX_BLOCK, 0) + b"x") for guid in guids]
    if main == b"names":
        note = b"".join(b' n:n%d="%s"' % (number, guid) for number, guid in enumerate(guids))
        main = XMP.replace(b"xmlns:lr=", b'xmlns:n="n"' + note + b" xmlns:lr=")
    found, peak = _peak(_jpeg(*segments, **({"xmp": main} if main else {})))
    assert (found.words, found.problems) == (WORDS if main else (), ())
    assert peak < 2 * MAX_BLOCK


MANY_PARTS = {
    "segments": _jpeg(xmp=XMP)[:2] + b"\xff\xe0\x00\x02" * 250_000 + _jpeg(xmp=XMP)[2:],
    "bytes between segments": b"\xff\xd8\xff\xe0\0\2" + b"\0" * 1_000_000,
    "chunks": _png(_chunk(b"none", b"") * 100_000),
}


@pytest.mark.parametrize("kind", MANY_PARTS)
def test_the_number_of_parts_that_are_read_is_bounded(kind):
    found = embedded_keywords(MANY_PARTS[kind])
    assert (found.words, found.problems) == ((), ("image: image: it has too many parts",))


def test_a_photograph_of_many_parts_is_read():
    start = _jpeg(xmp=XMP)
    assert embedded_keywords(start[:2] + b"\xff\xe0\x00\x02" * 10_000 + start[2:]).words == WORDS
    assert embedded_keywords(_png(_chunk(b"none", b"") * 60_000, IMAGES["PNG"][0][8:])).words == WORDS


@pytest.mark.parametrize(
    "content",
    [
        _tiff(_40094=(1, b"a\0;\0" * (MAX_BLOCK // 4 + 1)), _700=(1, XMP)),
        _tiff(_33723=(7, _iptc(b"sea") * (MAX_BLOCK // 8 + 1)), _700=(1, XMP)),
    ],
    ids=["EXIF", "IPTC"],
)
def test_blocks_of_keywords_are_bounded(content):
    found = embedded_keywords(content)
    assert found.words == WORDS and len(found.problems) == 1
    assert "bytes, more than 4,194,304" in found.problems[0]


def test_many_words_are_compared_with_many_labels_at_once():
    number = 30_000
    packet = XmpPacket(EMPTY)
    set_labels(packet, [f"label {index}" for index in range(number)], "m")
    words = Image.Exif()
    words[0x9C9E] = ";".join(f"word {index}" for index in range(number)).encode("utf-16-le")
    packed = _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet.to_bytes())
    start = time.process_time()
    found = embedded_keywords(_png(packed, _chunk(b"eXIf", words.tobytes())))
    assert time.process_time() - start < 3  # seconds; each word with each label takes 9
    assert len(found.words) == MAX_KEYWORDS


def test_only_the_first_packet_of_a_png_is_unpacked():
    first, other = XMP, MORE.replace(b"<dc:subject>", b" " * (MAX_BLOCK - 2 * len(MORE)) + b"<dc:subject>")
    chunks = [
        _chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(packet)) for packet in (first, other)
    ]
    found, peak = _peak(_png(chunks[0], *chunks[1:] * 300))
    assert found.words == WORDS
    assert found.problems == ("image: XMP: only the first of 301 blocks is read",)
    assert peak < MAX_BLOCK


def test_only_the_first_exif_of_a_png_is_read():
    other = Image.Exif()
    other[0x9C9E] = "boat".encode("utf-16-le")
    found = embedded_keywords(_png(*(_chunk(b"eXIf", exif.tobytes()) for exif in (WINDOWS, other))))
    assert found.words == ("sea", "schön")
    assert found.problems == ("image: EXIF: only the first of 2 blocks is read",)


@pytest.mark.parametrize("part", [0, 1])
def test_an_extension_without_one_of_its_parts_is_a_problem(part):
    start, *parts = _extended(MORE).split(b"http://ns.adobe.com/xmp/extension/\0")
    signatures = [b"http://ns.adobe.com/xmp/extension/\0"] * 2
    signatures[part] = b"http://ns.adobe.com/xmp/elsewhere/\0"
    content = start + b"".join(map(bytes.__add__, signatures, parts))
    found = embedded_keywords(content)
    assert found.words == WORDS
    assert "its parts must fill" in "".join(found.problems)


def test_the_length_of_an_extension_is_bounded():
    guid, length, size = b"0123456789ABCDEF0123456789ABCDEF", MAX_BLOCK + 1, 65_000
    packet = MORE + b" " * (length - len(MORE))
    header = b"http://ns.adobe.com/xmp/extension/\0" + guid
    segments = [
        (0xE1, header + struct.pack(">II", length, start) + packet[start : start + size])
        for start in range(0, length, size)
    ]
    main = XMP.replace(b"xmlns:lr=", b'xmlns:n="n" n:HasExtendedXMP="%s" xmlns:lr=' % guid)
    found = embedded_keywords(_jpeg(*segments, xmp=main))
    assert found.words == WORDS
    assert "at most 4,194,304 are read" in "".join(found.problems)


def test_the_extension_of_an_element_is_read():
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    attribute = b' n:HasExtendedXMP="%s"' % guid
    element = b"<n:HasExtendedXMP>%s</n:HasExtendedXMP>" % guid
    content = _extended(MORE)
    main = content[content.index(b"<x:xmpmeta", content.index(b"http://ns.adobe.com/xap/1.0/")) :]
    main = main[: main.index(b"</x:xmpmeta>") + len(b"</x:xmpmeta>")]
    other = main.replace(attribute, b"").replace(b"<dc:subject>", element + b"<dc:subject>")
    header = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">II", len(MORE), 0)
    assert embedded_keywords(_jpeg((0xE1, header + MORE), xmp=other)).words == (*WORDS, "more")


@pytest.mark.parametrize("kind", ["JPEG, all", "PNG", "TIFF", "WebP", "JPEG, extended"])
def test_images_that_are_cut_off_anywhere_raise_nothing(kind):
    content, words = IMAGES[kind]
    for size in range(0, len(content), 7):
        assert set(embedded_keywords(content[:size]).words) <= {*words, "sch"}


def test_sidecars_of_both_names_add_keywords(tmp_path):
    (tmp_path / "a.jpg").write_bytes(_jpeg(xmp=XMP))
    (tmp_path / "a.jpg.xmp").write_bytes(XMP.replace(b"beach", b"boat"))
    (tmp_path / "a.xmp").write_bytes(XMP.replace(b"beach", b"sea"))
    assert read_keywords(tmp_path / "a.jpg", SidecarFinder()).words == (*WORDS, "boat", "sea")


def test_labels_that_were_annotated_are_no_keywords_wherever_they_were_copied(tmp_path):
    packet = XmpPacket(XMP)
    set_labels(packet, ["boat", "black/white", "beach"], "m")
    copied = XMP.replace(b"sch\xc3\xb6n", b"boat").replace(b"places|beach", b"black/white")
    (tmp_path / "a.jpg").write_bytes(_jpeg(_photoshop(_iptc(b"boat", b"sea")), xmp=copied))
    (tmp_path / "a.jpg.xmp").write_bytes(packet.to_bytes())
    assert read_keywords(tmp_path / "a.jpg", SidecarFinder()).words == (*WORDS, "sea")


def test_what_cannot_be_read_is_a_problem(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")  # opening it would wait for ever
    (tmp_path / "a.xmp").write_bytes(b'<?xml version="1.0" encoding="klingon"?><a/>')
    found = read_keywords(tmp_path / "a.jpg", SidecarFinder())
    assert found.words == ()
    assert [problem.partition(":")[0] for problem in found.problems] == ["a.xmp"]


def test_a_missing_photograph_has_no_damaged_metadata(tmp_path):
    assert read_keywords(tmp_path / "a.jpg", SidecarFinder()).problems == ()


def test_words_are_one_line_and_their_number_is_bounded():
    packet = XmpPacket(EMPTY)
    words = [f"word {number}" for number in range(MAX_KEYWORDS + 1)]
    set_labels(packet, words, "m")
    own = packet.to_bytes().replace(b"AnnotatedKeywords", b"other").replace(b"word 0<", b" word\n\t0  <")
    found = embedded_keywords(_png(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + own)))
    assert found.words == tuple(words[:MAX_KEYWORDS])
    assert found.problems == ("only 1,000 of 1,001 keywords are read",)
