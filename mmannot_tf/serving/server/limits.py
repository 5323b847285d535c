"""The limits of a server's requests."""

from dataclasses import dataclass

KIB, MIB = 1 << 10, 1 << 20
MEGAPIXEL = 1_000_000


@dataclass(frozen=True)
class Limits:
    """The most that a request may ask for, and how requests share the engine. The defaults are ours.

    Attributes:
        body_bytes: of a request's body.
        images: in one request.
        pixels: of an image, by its header, before it is decoded; decoding takes about 15 bytes per pixel.
        tag_bytes: of one image's tags, in UTF-8.
        requests: concurrent POST requests; the server refuses further ones.
        decoded_images: decoded images of all requests at once; further ones wait encoded.
        seconds: from a request's first byte to its response; a stopping server waits as long.
        batch_size: images per forward pass.
        wait_seconds: how long the first image of a batch waits for others.
    """

    body_bytes: int = 16 * MIB
    images: int = 32
    pixels: int = 50 * MEGAPIXEL
    tag_bytes: int = 64 * KIB
    requests: int = 64
    decoded_images: int = 128
    seconds: float = 60.0
    batch_size: int = 16
    wait_seconds: float = 0.005
