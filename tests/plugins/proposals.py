"""Counts of a collection, and the configuration that is proposed for it."""

import tomllib

from mmannot_tf.config.loading import parse
from mmannot_tf.proposal.collection import Collection
from mmannot_tf.proposal.document import document
from mmannot_tf.proposal.groups import groups_for


def collection(training, vocabulary=500, labels=24, labels_per_image=3.7):
    return Collection(
        training=training,
        validation=max(1, training // 10),
        test=max(1, training // 10),
        labels=labels,
        labels_per_image=labels_per_image,
        rarest_label="baby",
        rarest_images=3,
        vocabulary=vocabulary,
    )


def config_of(counts, way):
    return parse(tomllib.loads(document([], groups_for(counts, way))), "proposal")
