"""The photographs' formats that all commands take: one table, and nothing else is ever opened."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PhotographFormat:
    """A format.

    Attributes:
        name: as messages show it.
        suffixes: of its files, in lower case.
        signatures: each at its offset; a file has the format if one of them matches.
        pillow: Pillow's name of its reader.
        native: whether records keep its bytes, and the model's graph decodes them.
        extra: the extra of this package that the reader needs; empty if none.
    """

    name: str
    suffixes: tuple[str, ...]
    signatures: tuple[tuple[int, bytes], ...]
    pillow: str
    native: bool = False
    extra: str = ""

    def matches(self, content: bytes) -> bool:
        """Whether `content`, a file or its first `SIGNATURE_BYTES` bytes, begins like this format."""
        return any(content.startswith(text, offset) for offset, text in self.signatures)


_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""ISO 23008-12, Annex B; AV1 images (brand avif) are another format."""

FORMATS = (
    # MPO, several pictures in one file as many cameras write it, is a JPEG: its first picture is read.
    PhotographFormat(
        "JPEG",
        (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".mpo"),
        ((0, b"\xff\xd8\xff"),),
        "JPEG",
        native=True,
    ),
    PhotographFormat("PNG", (".png", ".apng"), ((0, b"\x89PNG\r\n\x1a\n"),), "PNG", native=True),
    PhotographFormat("WebP", (".webp",), ((8, b"WEBP"),), pillow="WEBP"),
    PhotographFormat(
        "HEIC",
        (".heic", ".heif", ".hif"),
        tuple((4, b"ftyp" + brand) for brand in _HEIF_BRANDS),
        pillow="HEIF",
        extra="heic",
    ),
    PhotographFormat(
        "TIFF",
        (".tif", ".tiff"),
        tuple((0, text) for text in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
        pillow="TIFF",
    ),
    PhotographFormat("BMP", (".bmp", ".dib"), ((0, b"BM"),), pillow="BMP"),
    PhotographFormat("GIF", (".gif",), ((0, b"GIF87a"), (0, b"GIF89a")), pillow="GIF"),
)
"""Records keep JPEG and PNG as they are. The others are converted once, to PNG, see `conversion`."""
SUFFIXES = frozenset(suffix for photograph in FORMATS for suffix in photograph.suffixes)
"""The suffixes by which files below a folder are found to be photographs."""
NAMES = f"{', '.join(photograph.name for photograph in FORMATS[:-1])} or {FORMATS[-1].name}"
"""The formats as messages list them."""
SIGNATURE_BYTES = 16
"""The first bytes of a file, which suffice to find its format."""


def format_of(content: bytes) -> PhotographFormat | None:
    """The format of a file, by its first bytes; None if it is none of the table."""
    return next((known for known in FORMATS if known.matches(content)), None)
