"""The licences of data sets and weights, as their publishers state them; for the model card."""

from collections.abc import Mapping

UNKNOWN = "ask the publisher for the licence"

_IMAGENET = (
    "trained on ImageNet, whose images are licensed for non-commercial research; whether that applies to "
    "weights is not settled"
)

_KERAS = f"published with Keras under the MIT licence, converted from He's Caffe models; {_IMAGENET}"

WEIGHTS_LICENSES: Mapping[str, str] = {
    "random": "trained from random values, so they contain no one else's weights",
    "imagenet": _KERAS,
    "keras2016": _KERAS,
    "keras": f"a file that Keras saved, under the licence of the person who trained it; usually {_IMAGENET}",
    "tfjs": f"a TF.js layers model, under the licence of its package; usually {_IMAGENET}",
    "slim": f"published by TensorFlow Models under Apache-2.0; {_IMAGENET}",
    "caffe2016": f"He's Caffe models (MIT licence) in the TensorFlow port of 2016; {_IMAGENET}",
    "torchvision": f"a torchvision state dict, under the licence on its model's page; usually {_IMAGENET}",
}
"""By the origin of the backbone's initial weights."""

DATA_LICENSES: Mapping[str, str] = {
    "synthetic": "scenes rendered by this project, without restrictions",
    "mscoco": (
        "MS-COCO; annotations under CC BY 4.0 (COCO Consortium), images under Flickr's terms, each with its "
        "own licence"
    ),
    "nus_wide": "NUS-WIDE (National University of Singapore), for research; images under Flickr's terms",
    "mirflickr": "MIRFLICKR-25k (LIACS, Leiden); photographs under Creative Commons, a licence each",
    "manifest": "photographs whose licences are known to the author of the records",
}
"""By the source of the records."""
