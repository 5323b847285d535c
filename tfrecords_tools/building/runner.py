"""Where an Apache Beam pipeline runs; needs no Beam to be said."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Runner:
    """Where a pipeline runs.

    Attributes:
        name: of a Beam runner: "DirectRunner", "FlinkRunner", "DataflowRunner", …
        options: of Beam's own, as on its command line: "--direct_num_workers=2", …
    """

    name: str
    options: tuple[str, ...] = ()
