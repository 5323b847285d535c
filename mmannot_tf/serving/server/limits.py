"""The limits of a server's requests and connections."""

from dataclasses import dataclass

KIB, MIB = 1 << 10, 1 << 20
MEGAPIXEL = 1_000_000
BYTES_PER_JSON_VALUE = 4
"""A body of `body_bytes` may hold one JSON value per this many bytes: pixels as text take no less."""


@dataclass(frozen=True)
class Limits:
    """The most that a request may ask for, and how requests share the server. The defaults are ours.

    Attributes:
        body_bytes: of a request's body, also after it is decompressed.
        images: in one request.
        pixels: of an image, by its header, before it is decoded; decoding takes about 15 bytes per pixel.
        decoding_pixels: of all images that are decoded at the same time; further ones wait encoded. An
            image may have more and is then decoded alone.
        tag_bytes: of one image's tags, in UTF-8.
        requests: concurrent POST requests whose bodies have arrived; the server refuses further ones.
        decoded_images: decoded images of all requests at once; further ones wait encoded.
        seconds: from a request's first byte to its response; a stopping server waits as long.
        batch_size: images per forward pass.
        wait_seconds: how long the first image of a batch waits for others.
        uploads: bodies that arrive at the same time; beyond, the server gives up the slowest.
        held_bytes: of all bodies that arrive or are answered.
        upload_grace_seconds: how long a body may arrive at any rate.
        upload_rate: bytes per second that a body must arrive at afterwards.
        header_bytes: of a request's line and headers.
        header_seconds: for a request's line and headers to arrive.
        connections: open connections; beyond, the server closes the one that has waited longest without a
            request. The number of files that the process may open lowers it.
        address_connections: the same for the connections of one address.
        linger_seconds: how long a connection is read and dropped after an early response, so that the
            client can read the response, and how long a client may take to read its response.
        linger_bytes: how many bytes are read and dropped.
    """

    body_bytes: int = 16 * MIB
    images: int = 32
    pixels: int = 120 * MEGAPIXEL
    decoding_pixels: int = 120 * MEGAPIXEL
    tag_bytes: int = 64 * KIB
    requests: int = 64
    decoded_images: int = 128
    seconds: float = 60.0
    batch_size: int = 16
    wait_seconds: float = 0.005
    uploads: int = 128
    held_bytes: int = 1024 * MIB
    upload_grace_seconds: float = 10.0
    upload_rate: int = 4 * KIB
    header_bytes: int = 16 * KIB
    header_seconds: float = 10.0
    connections: int = 512
    address_connections: int = 256
    linger_seconds: float = 30.0
    linger_bytes: int = 256 * MIB

    @property
    def json_values(self) -> int:
        """The number of commas and opening brackets that a JSON body may hold."""
        return self.body_bytes // BYTES_PER_JSON_VALUE
