"""The metadata blocks inside image files: XMP packets, IPTC keywords, Windows keywords. Decodes no pixels."""

import functools
import importlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin, JpegImagePlugin, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")
"""Pillow's names of the formats whose metadata is read, and HEIF with the extra "heic"; JPEG includes MPO."""
MAX_BLOCK = 32 << 20
"""The largest number of bytes of one block, also when it is unpacked."""

_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_GUID_BYTES = 32
_XMP_KEYWORD = b"XML:com.adobe.xmp"
_CHARACTER_SET, _KEYWORDS = (1, 90), (2, 25)
_UTF8 = b"\x1b%G"


@dataclass(frozen=True)
class EmbeddedMetadata:
    """The metadata in an image file.

    Attributes:
        packets: XMP packets; the second is JPEG's extension of the first.
        iptc_keywords: the IPTC keywords.
        windows_keywords: the keywords of the EXIF tag XPKeywords, separated by semicolons; "" if none.
    """

    packets: tuple[bytes, ...] = ()
    iptc_keywords: tuple[str, ...] = ()
    windows_keywords: str = ""


def read_embedded(file: BinaryIO) -> EmbeddedMetadata:
    """Reads the metadata in an image file; a file of another format has none.

    Raises:
        ValueError: the file or its metadata is damaged; the message says how, in one line.
    """
    try:
        with Image.open(file, formats=_formats()) as image:
            if image.format == "PNG":
                return _read_png(file)
            packets = [image.info["xmp"]] if image.info.get("xmp") else []
            if isinstance(image, JpegImagePlugin.JpegImageFile):
                packets += _extended_xmp(image)
            return EmbeddedMetadata(
                tuple(packets), tuple(_iptc_keywords(image)), _windows_keywords(image.getexif())
            )
    except UnidentifiedImageError:
        return EmbeddedMetadata()
    except Exception as error:  # Pillow's plugins raise errors of many kinds on damaged files
        raise ValueError(" ".join(f"{type(error).__name__}: {error}".split())) from None


@functools.cache
def _formats() -> tuple[str, ...]:
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError:
        return FORMATS
    return (*FORMATS, "HEIF")


def _extended_xmp(image: JpegImagePlugin.JpegImageFile) -> list[bytes]:
    """Joins the segments of a packet that is larger than a segment (XMP specification, part 3, 1.1.3.1)."""
    joined: dict[bytes, bytearray] = {}
    for marker, segment in image.applist:
        if marker != "APP1" or not segment.startswith(_EXTENSION):
            continue
        start = len(_EXTENSION) + _GUID_BYTES
        guid, header, data = (
            segment[len(_EXTENSION) : start],
            segment[start : start + 8],
            segment[start + 8 :],
        )
        length, offset = struct.unpack(">II", header)
        if length > MAX_BLOCK or offset + len(data) > length:
            raise ValueError(f"extended XMP of {length:,} bytes has a part at {offset:,}")
        joined.setdefault(guid, bytearray(length))[offset : offset + len(data)] = data
    return [bytes(packet) for guid, packet in joined.items() if guid in image.info.get("xmp", b"")]


def _iptc_keywords(image: ImageFile.ImageFile) -> Iterator[str]:
    """Yields the keywords: UTF-8 if the block says so or if they are valid UTF-8, else Windows-1252."""
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
    return value.decode("utf-16-le", "replace").rstrip("\0") if isinstance(value, bytes) else ""


def _read_png(file: BinaryIO) -> EmbeddedMetadata:
    """Reads a PNG chunk by chunk: Pillow stops before the pixels, behind which ExifTool writes metadata."""
    packets, exif = [], Image.Exif()
    for kind, data in _chunks(file):
        if kind == b"iTXt" and data.startswith(_XMP_KEYWORD + b"\0"):
            compressed, after_flags = data[len(_XMP_KEYWORD) + 1], data[len(_XMP_KEYWORD) + 3 :]
            _, _, text = after_flags.split(b"\0", 2)
            packets.append(_unpacked(text) if compressed else text)
        elif kind == b"eXIf":
            exif.load(data)
    return EmbeddedMetadata(tuple(packets), windows_keywords=_windows_keywords(exif))


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
        raise ValueError(f"XMP is larger than {MAX_BLOCK:,} bytes")
    return text
