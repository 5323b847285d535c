"""The compared systems as stages: each trains its own network on the fine-tuned CNN's cached feature."""

from collections.abc import Mapping

from mmannot_tf.training.stage import Stage


def _stage(name: str, *, feature: str = "cnn", tags: bool = False) -> Stage:
    return Stage(
        name=name,
        trunks={"features": (), "tags": ()} if tags else {"features": ()},
        heads={name: "labels"},
        trains=(name,),
        features=(feature,),
        optional=True,
        section="methods",
    )


METHOD_STAGES: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        _stage("cnn_logistic"),
        _stage("cnn_softmax"),
        _stage("cnn_warp"),
        _stage("cnn_rnn"),
        _stage("ria"),
        _stage("tag_neighbour", tags=True),
        _stage("sinn", tags=True),
        _stage("sr_cnn_rnn", tags=True),
        _stage("asl"),
        _stage("ml_decoder", feature="cnn_map"),
    )
}
"""In the order they are trained: Tables III and IV from the last row upwards, then the later heads."""
