"""What a server takes from those who ask. No TensorFlow."""

from dataclasses import dataclass

KIB, MIB = 1 << 10, 1 << 20
MEGAPIXEL = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What a request may ask for and how requests share the engine; the defaults are ours.

    Attributes:
        body_bytes: of a request's body.
        images: in one request.
        pixels: of an image, by its header, before it is decoded; decoding takes some 15 bytes a pixel.
        requests: POSTs in hand at once; further ones are turned away.
        tag_bytes: of one image's tags, in UTF-8.
        rows: images decoded and waiting at once, of all requests; further ones wait encoded.
        seconds: from a request's first byte to its answer; a server that is to stop waits as long.
        batch_size: images a forward pass, at most.
        wait_seconds: how long the first image of a batch waits for others.
    """

    body_bytes: int = 16 * MIB
    images: int = 32
    pixels: int = 50 * MEGAPIXEL
    tag_bytes: int = 64 * KIB
    requests: int = 64
    rows: int = 128
    seconds: float = 60.0
    batch_size: int = 16
    wait_seconds: float = 0.005
