"""The known ResNets, as data (He et al., arXiv 1512.03385, Table 1). No TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """A bottleneck ResNet of five scales, which `build_backbone` builds.

    Attributes:
        blocks: bottleneck units in each of the groups conv2 to conv5.
        width: channels after conv1; group g = 2…5 has 4 * width * 2^(g - 2) channels.

    Raises:
        ValueError: there are not four groups, or a number is less than 1.
    """

    blocks: tuple[int, int, int, int]
    width: int

    def __post_init__(self) -> None:
        if min(*self.blocks, self.width) < 1 or len(self.blocks) != 4:
            raise ValueError(
                "blocks must be four numbers of at least 1, and width at least 1. "
                f"Received: blocks={self.blocks}, width={self.width}"
            )


ARCHITECTURES: Mapping[str, Architecture] = {
    "resnet50": Architecture(blocks=(3, 4, 6, 3), width=64),
    "resnet101": Architecture(blocks=(3, 4, 23, 3), width=64),  # the paper's (Sec. III-A)
    "resnet152": Architecture(blocks=(3, 8, 36, 3), width=64),
    "tiny": Architecture(blocks=(1, 1, 1, 1), width=8),  # ours, for small machines and tests
}
