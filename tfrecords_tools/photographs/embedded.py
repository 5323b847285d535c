"""The metadata blocks inside image files: XMP packets, IPTC keywords, Windows keywords. Decodes no pixels."""

import contextlib
import functools
import importlib
import io
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin, JpegImagePlugin, TiffImagePlugin

from tfrecords_tools.photographs.formats import SIGNATURE_BYTES, format_of
from tfrecords_tools.photographs.limited_reads import MAX_READS

MAX_BLOCK = 4 << 20
"""The largest number of bytes of one block, also unpacked. Parsed, it can take 30 times as much memory."""

_READERS = {"JPEG": "JPEG", "PNG": "PNG", "TIFF": "TIFF", "WebP": "WEBP", "HEIC": "HEIF"}
"""The formats whose metadata is read, and Pillow's names of their readers."""
_FILTERING = threading.Lock()
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_NAMED_EXTENSION = re.compile(rb"HasExtendedXMP\s*(?:=\s*[\"']|>)\s*([^\s\"'<>]{32})")
"""The name of the extension in the main packet, as an attribute or an element."""
_XMP_KEYWORD = b"XML:com.adobe.xmp\0"
_CHARACTER_SET, _KEYWORDS = (1, 90), (2, 25)
_UTF8 = b"\x1b%G"


@dataclass
class EmbeddedMetadata:
    """The metadata in an image file.

    Attributes:
        packets: XMP packets; the second is JPEG's extension of the first.
        iptc_keywords: the IPTC keywords.
        windows_keywords: the keywords of the EXIF tag XPKeywords, separated by semicolons; "" if none.
        problems: damaged blocks, a line each.
    """

    packets: list[bytes] = field(default_factory=list)
    iptc_keywords: list[str] = field(default_factory=list)
    windows_keywords: str = ""
    problems: list[str] = field(default_factory=list)


def read_embedded(file: BinaryIO) -> EmbeddedMetadata:
    """Reads the metadata in an image file; a file of a format that holds none has none."""
    found = EmbeddedMetadata()
    known = format_of(file.read(SIGNATURE_BYTES))
    reader = _READERS.get(known.name) if known else None
    if reader is None or reader not in _available():
        return found
    file.seek(0)
    counted = _CountedReads(file)
    # Pillow warns of damage that its result shows; a lock, for the filters of warnings are the process's.
    with _problems_of("image", found), _FILTERING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if reader == "PNG":
            _read_png(counted, found)
        else:
            with Image.open(counted, formats=[reader]) as image:
                _read_image(image, found)
    counted.detach()
    return found


class _CountedReads(io.BufferedReader):
    """Raises an error at the read that is one too many: a reader takes some for each part of a file."""

    def __init__(self, file: BinaryIO):
        super().__init__(cast(io.RawIOBase, file))
        self._reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads += 1
        if self._reads > MAX_READS:
            raise OSError("it has too many parts")
        return super().read(size)


def _read_image(image: ImageFile.ImageFile, found: EmbeddedMetadata) -> None:
    with _problems_of("XMP", found):
        _add_packet(image.info.get("xmp", b""), found)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        with _problems_of("extended XMP", found):
            found.packets += _extended_xmp(image)
    with _problems_of("IPTC", found):
        found.iptc_keywords += _iptc_keywords(image)
    with _problems_of("EXIF", found):
        found.windows_keywords = _windows_keywords(image.getexif())


@contextlib.contextmanager
def _problems_of(what: str, found: EmbeddedMetadata) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # Pillow's plugins raise errors of many kinds on damaged files
        found.problems.append(" ".join(f"{what}: {str(error) or type(error).__name__}".split()))


def _add_packet(packet: bytes, found: EmbeddedMetadata) -> None:
    _check_size(packet)
    if packet:
        found.packets.append(packet)


def _check_size(block: bytes) -> None:
    if len(block) > MAX_BLOCK:
        raise ValueError(f"{len(block):,} bytes, more than {MAX_BLOCK:,}")


@functools.cache
def _available() -> frozenset[str]:
    """The readers that are installed; the one of HEIF needs the extra "heic"."""
    readers = frozenset(_READERS.values())
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError:
        return readers - {"HEIF"}
    return readers


def _extended_xmp(image: JpegImagePlugin.JpegImageFile) -> list[bytes]:
    """Returns the one extension that the main packet names (XMP specification, part 3, 1.1.3.1)."""
    named = _NAMED_EXTENSION.search(image.info.get("xmp", b"").replace(b"\0", b""))
    if named is None:
        return []
    parts: dict[int, bytes] = {}
    start, length = _EXTENSION + named[1], 0
    for marker, segment in image.applist:
        if marker != "APP1" or not segment.startswith(start):
            continue
        (length, offset), data = struct.unpack_from(">II", segment, len(start)), segment[len(start) + 8 :]
        if length > MAX_BLOCK or offset + len(data) > length:
            raise ValueError(f"{length:,} bytes, at most {MAX_BLOCK:,} are read, with a part at {offset:,}")
        parts[offset] = data
    return [_joined(parts, length)] if parts else []


def _joined(parts: dict[int, bytes], length: int) -> bytes:
    """Joins the parts of a block, which are at their offsets."""
    joined = bytearray()
    for offset, data in sorted(parts.items()):
        if offset == len(joined):
            joined += data
    if len(joined) != length:
        raise ValueError(f"its parts must fill {length:,} bytes. Received: {len(joined):,} without a gap")
    return bytes(joined)


def _iptc_keywords(image: ImageFile.ImageFile) -> Iterator[str]:
    """Yields the keywords: UTF-8 if the block says so or if they are valid UTF-8, else Windows-1252."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        _check_size(image.tag_v2._tagdata.get(TiffImagePlugin.IPTC_NAA_CHUNK, b""))  # what getiptcinfo reads
    datasets = IptcImagePlugin.getiptcinfo(image) or {}
    found = datasets.get(_KEYWORDS, [])
    for keyword in found if isinstance(found, list) else [found]:
        try:
            yield keyword.decode()
        except UnicodeDecodeError:
            utf8 = datasets.get(_CHARACTER_SET) == _UTF8
            yield keyword.decode("utf-8" if utf8 else "cp1252", "replace")


def _windows_keywords(exif: Image.Exif) -> str:
    value = exif.get(ExifTags.Base.XPKeywords, b"")
    if not isinstance(value, bytes):
        return ""
    _check_size(value)
    return value.decode("utf-16-le", "replace").rstrip("\0")


def _read_png(file: BinaryIO, found: EmbeddedMetadata) -> None:
    """Reads a PNG chunk by chunk: Pillow stops before the pixels, behind which ExifTool writes metadata.

    A PNG has one chunk of EXIF and one of XMP at most, so only the first of each is read.
    """
    numbers = {"EXIF": 0, "XMP": 0}
    for kind, data in _chunks(file):
        what = "EXIF" if kind == b"eXIf" else "XMP"
        if what == "XMP" and not data.startswith(_XMP_KEYWORD):
            continue
        numbers[what] += 1
        if numbers[what] > 1:
            continue
        with _problems_of(what, found):
            if what == "XMP":
                _add_packet(_international_text(data[len(_XMP_KEYWORD) :]), found)
            else:
                exif = Image.Exif()
                exif.load(data)
                found.windows_keywords = _windows_keywords(exif)
    for what, number in numbers.items():
        if number > 1:
            found.problems.append(f"{what}: only the first of {number:,} blocks is read")


def _international_text(data: bytes) -> bytes:
    """Returns the text of an iTXt chunk after its keyword (PNG specification, 11.3.3.4)."""
    compressed, (_, _, text) = data[0], data[2:].split(b"\0", 2)
    return _unpacked(text) if compressed else text


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yields the kind and data of the chunks that can hold metadata; ends where the file is cut short."""
    file.seek(len(b"\x89PNG\r\n\x1a\n"))
    while len(header := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", header)
        if kind in (b"iTXt", b"eXIf") and length <= MAX_BLOCK:
            yield kind, file.read(length)
            file.seek(4, 1)
        else:
            file.seek(length + 4, 1)


def _unpacked(data: bytes) -> bytes:
    decompressor = zlib.decompressobj()
    text = decompressor.decompress(data, MAX_BLOCK)
    if decompressor.unconsumed_tail:
        raise ValueError(f"more than {MAX_BLOCK:,} bytes")
    return text
