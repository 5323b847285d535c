"""The shape of export.json, which `mmannot export` writes into a version folder."""

from typing import Any, NotRequired, TypedDict

METADATA_FILE = "export.json"
CARD_FILE = "README.md"
"""The model card."""


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
        orientation: whether EXIF turns images, a value of the key `data.orientation`; before this key, no.
        resize: how images are resized, a value of the key `data.resize`.
        tag_rule: version of the rule by which tags are read (docs/tags.md); before this key, 1.
        decisions: the names of the ways that decide by default, for the kinds of images that have ways of
            their own; the ways are in the folder `decisions`. Exports of earlier versions have none.
        probabilities: "uncalibrated": `probabilities` and `scores` are the network's own.
        formats: the exported formats and how each was verified.
        vectors: the members of `VectorFacts`; of exports that annotate vectors only.
        int8: how much the network in int8 differs, the members of `Int8Agreement`; of quantised exports only.
        tolerance: the largest difference that verification allowed.
        versions: of the packages that wrote the export.
        files: the SHA-256 of each file by its name, without export.json and README.md; exports of earlier
            versions have none.
    """

    digest: str
    image_size: int
    orientation: NotRequired[str]
    resize: str
    tag_rule: NotRequired[int]
    decisions: NotRequired[dict[str, str]]
    probabilities: NotRequired[str]
    formats: dict[str, FormatCheck]
    vectors: NotRequired[dict[str, Any]]
    int8: NotRequired[dict[str, float]]
    tolerance: float
    versions: dict[str, str]
    files: NotRequired[dict[str, str]]
