"""The shape of export.json, which `mmannot export` writes into a version folder."""

from typing import NotRequired, TypedDict

METADATA_FILE = "export.json"


class FormatCheck(TypedDict):
    """How much a format differs from the model in memory.

    Attributes:
        probability: the largest difference of two probabilities.
        quantity: the largest relative difference of two predicted quantities.
        signatures: the largest difference in each signature's outputs; of the SavedModel only.
    """

    probability: float
    quantity: float
    signatures: NotRequired[dict[str, float]]


class ExportMetadata(TypedDict):
    """The contents of export.json.

    Attributes:
        digest: of the model, see `Model`.
        image_size: S, pixels.
        resize: where resizing samples, a value of the key `data.resize`.
        formats: the exported formats and how each was verified.
        tolerance: the largest difference that verification allowed.
        versions: of the packages that wrote the export.
    """

    digest: str
    image_size: int
    resize: str
    formats: dict[str, FormatCheck]
    tolerance: float
    versions: dict[str, str]
