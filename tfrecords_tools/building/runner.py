"""The runner of an Apache Beam pipeline; this module does not import Beam."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BeamRunner:
    """The runner of a pipeline.

    Attributes:
        name: name of a Beam runner: "DirectRunner", "FlinkRunner", "DataflowRunner", …
        options: Beam's command-line options: "--direct_num_workers=2", …
    """

    name: str
    options: tuple[str, ...] = ()
