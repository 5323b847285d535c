"""`Request`: the photographs that a command names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmannot_tf.serving.inputs.passed_over import PassedOver
from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.inputs.photograph_list import PhotographList
from mmannot_tf.serving.inputs.photographs import photographs
from mmannot_tf.serving.inputs.record_photographs import record_files, record_photographs
from mmannot_tf.serving.inputs.remote_photographs import remote_photographs
from mmannot_tf.serving.inputs.shard import Shard
from tfrecords_tools.shell.addresses import is_address
from tfrecords_tools.shell.errors import UserError


@dataclass(frozen=True)
class Request:
    """Which photographs are annotated.

    Attributes:
        named: files, folders, addresses, TFRecord files and folders of records.
        listed: further photographs, after those.
        shard: the share of them that is annotated; None for all.
    """

    named: Sequence[str] = ()
    listed: PhotographList | None = None
    shard: Shard | None = None

    def photographs(self, passed_over: PassedOver | None = None) -> Iterator[Photograph]:
        """Lists the photographs, each where it was named.

        Args:
            passed_over: counts what is no photograph below folders.

        Raises:
            UserError: an address cannot be listed, or the list is damaged.
        """
        counts = PassedOver() if passed_over is None else passed_over
        found = self._all(counts)
        return found if self.shard is None else filter(self.shard.has, found)

    def count(self) -> int | None:
        """The number of photographs; None where counting them would take as long as reading them."""
        if any(is_address(name) or record_files(name) is not None for name in self.named):
            return None
        return sum(1 for _ in self.photographs())

    def check_files(self, option: str) -> None:
        """Checks that all photographs are files, which an option shows.

        Raises:
            UserError: some are records.
        """
        records = next((name for name in self.named if record_files(name) is not None), None)
        if records is not None:
            raise UserError(f"{option} shows files of photographs. Received: {records}, which holds records.")

    def __str__(self) -> str:
        """What was named, in one line."""
        return ", ".join([*self.named, *(["the list"] if self.listed is not None else [])])

    def _all(self, passed_over: PassedOver) -> Iterator[Photograph]:
        for name in self.named:
            files = record_files(name)
            if files is not None:
                for file in files:
                    yield from record_photographs(file)
            elif is_address(name):
                yield from remote_photographs(name, passed_over)
            else:
                yield from photographs([Path(name)], passed_over)
        if self.listed is not None:
            yield from self.listed
