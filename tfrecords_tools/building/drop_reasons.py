"""`DropReason`, why a build leaves out an image or an entry of an annotation file."""

from enum import StrEnum


class DropReason(StrEnum):
    """Why a build leaves out an image or an entry of a label file."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    PLACEHOLDER = "placeholder"
    LEAKAGE = "leakage"
    UNLABELLED = "unlabelled"
    UNTAGGED = "untagged"
    LABEL_ERRORS = "label-errors"


UNUSABLE = (DropReason.MISSING, DropReason.UNREADABLE, DropReason.PLACEHOLDER)
"""The reasons that lie in an image's file; `Rules.bad_share` limits their number."""
