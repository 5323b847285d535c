"""The terms that come with data and weights, as far as their publishers state them; for the model card."""

from collections.abc import Mapping

UNKNOWN = "ask whoever published it for its terms"

_IMAGENET = (
    "trained on ImageNet, whose images are given out for non-commercial research; whether that reaches "
    "weights is not settled"
)

WEIGHTS_TERMS: Mapping[str, str] = {
    "random": "trained from random values, so no others' weights are in it",
    "imagenet": f"published with Keras under the MIT licence, converted from He's Caffe models; {_IMAGENET}",
    "keras": f"a file that Keras saved, under the terms of whoever trained it; as a rule {_IMAGENET}",
    "tfjs": f"a TF.js layers model, under the terms of the package it came in; as a rule {_IMAGENET}",
    "slim": f"published by TensorFlow Models under Apache-2.0; {_IMAGENET}",
    "caffe2016": f"He's Caffe models (MIT licence) in the TensorFlow port of 2016; {_IMAGENET}",
    "torchvision": f"a torchvision state dict, under the terms of its model's page; as a rule {_IMAGENET}",
}
"""By the origin of the backbone's initial weights."""

DATA_TERMS: Mapping[str, str] = {
    "synthetic": "scenes rendered by this project, without terms",
    "mscoco": (
        "MS-COCO; annotations under CC BY 4.0 (COCO Consortium), images under Flickr's terms, each with a "
        "licence of its own"
    ),
    "nus_wide": "NUS-WIDE (National University of Singapore), for research; images under Flickr's terms",
    "manifest": "photographs whose terms those know who made the records",
}
"""By the source of the records."""
