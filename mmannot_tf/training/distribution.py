"""The devices that compute a run: one, all of a machine, or those of several machines (tf.distribute).

A strategy is an entry of `STRATEGIES`. No other code depends on the chosen one: the loop runs each step by
`strategy.run`, and all replicas together compute the batches of one device (`data.replicas`).
"""

import contextlib
import faulthandler
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from mmannot_tf.data.replicas import OrderedSplit, ReplicaRange, padded_forever
from mmannot_tf.training.cluster import read_cluster, wait_for_all
from tfrecords_tools.shell.errors import UserError

Result = TypeVar("Result")

CONNECT_SECONDS = 300.0
"""How long TensorFlow may take to connect processes that have all started (ours)."""
ABORTED = "Collective ops is aborted"
"""The start of the message of every error that ends TensorFlow's collective operations."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """A strategy, and the number of this process in it.

    Attributes:
        strategy: networks and optimizers are built in its scope.
        process: the number of this process, from 0.
        processes: the number of processes.
        device: with one replica, the name of the device that the next batch is copied to during a step; None
            leaves batches in the CPU's memory. Strategies with several replicas always copy to their devices.
    """

    strategy: tf.distribute.Strategy
    process: int = 0
    processes: int = 1
    device: str | None = None

    @property
    def replicas(self) -> int:
        """R, over all processes."""
        return self.strategy.num_replicas_in_sync

    @property
    def is_chief(self) -> bool:
        """Whether this is the one process that writes the run's files."""
        return self.process == 0

    @property
    def local_replicas(self) -> ReplicaRange | None:
        """The replicas of this process; None for a single replica, which computes everything."""
        if self.replicas == 1:
            return None
        local = self.replicas // self.processes
        return ReplicaRange(first=self.process * local, local=local, total=self.replicas)

    def scope(self) -> Any:
        """A context; variables that are made within it exist on every replica."""
        return self.strategy.scope()

    def distribute(self, read: Callable[[ReplicaRange | None], tf.data.Dataset], steps: int) -> Any:
        """Distributes batches for `strategy.run`, one per step; the result has an `element_spec`.

        Args:
            read: replicas → their batches, padded forever (`data.replicas`); None → all batches.
            steps: the number of batches.
        """
        if self.local_replicas is None:
            return self._fetched(read(None).take(steps))
        batches = self.strategy.distribute_datasets_from_function(lambda _: read(self.local_replicas))
        return _Steps(batches, steps)

    def _fetched(self, batches: tf.data.Dataset) -> Any:
        """Copies batches ahead to the device; `prefetch_to_device` would leak its functions (TF 2.21)."""
        if self.device is None:
            return batches
        return tf.distribute.OneDeviceStrategy(self.device).distribute_datasets_from_function(
            lambda _: batches
        )

    def distribute_ordered(self, split: OrderedSplit) -> Any:
        """Distributes the batches of a split: in step t, replica r has batch t R + r."""

        def read(replicas: ReplicaRange | None) -> tf.data.Dataset:
            batches = split.read(replicas)
            return batches if replicas is None else padded_forever(batches)

        return self.distribute(read, -(-split.batches // self.replicas))

    def sum_over_processes(self, values: np.ndarray) -> np.ndarray:
        """The sum of `values` over processes. Every process calls this, with the same shape."""
        replicas = self.local_replicas
        if self.processes == 1 or replicas is None:
            return values

        def value(context: Any) -> tf.Tensor:
            first = context.replica_id_in_sync_group == replicas.first
            return tf.constant(values if first else np.zeros_like(values))

        parts = self.strategy.experimental_distribute_values_from_function(value)
        return self.strategy.reduce("SUM", parts, axis=None).numpy()

    def on_chief(self, action: Callable[[], Result]) -> Result | None:
        """Runs an action in the chief while the others wait. Returns its result; None in the others.

        Raises:
            UserError: the chief failed. The others raise it too, so that none continues alone.
        """
        result = failure = None
        if self.is_chief:
            try:
                result = action()
            except UserError as error:
                failure = error
        failed = self.any_process(failure is not None)
        if failure:
            raise failure
        if failed:
            raise UserError(
                "The first process must succeed. Received: it failed; its own output has the error."
            )
        return result

    def any_process(self, flag: bool) -> bool:
        """Whether the flag is set in any process. All processes call this at the same step."""
        return bool(self.sum_over_processes(np.array([flag], np.float32)).any())

    def chief_decides(self, decision: Callable[[], bool]) -> bool:
        """The chief's decision, in every process."""
        return self.any_process(bool(self.on_chief(decision)))


@dataclass(frozen=True, eq=False)
class _Steps:
    """The first `steps` elements of an infinite distributed dataset."""

    batches: Any
    steps: int

    @property
    def element_spec(self) -> Any:
        """The spec of an element; with dynamic batch sizes, so that every process traces a step only once."""
        return self.batches.element_spec

    def __iter__(self) -> Iterator[Any]:
        return islice(iter(self.batches), self.steps)


def one_device() -> Distribution:
    """The default strategy: the first GPU if TensorFlow sees one, else the CPU."""
    gpus = tf.config.list_logical_devices("GPU")
    return Distribution(tf.distribute.get_strategy(), device=gpus[0].name if gpus else None)


def mirrored() -> Distribution:
    """All local GPUs, or all logical devices of the CPU if there is no GPU."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return Distribution(tf.distribute.MirroredStrategy([device.name for device in devices]))


def multi_worker() -> Distribution:
    """All GPUs (or the CPU) of every process that TF_CONFIG names.

    Raises:
        UserError: TF_CONFIG is not as it must be, or not all processes have started.
    """
    cluster = read_cluster(os.environ.get("TF_CONFIG"))
    wait_for_all(cluster)
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    with _ended_after(CONNECT_SECONDS):
        strategy = tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    return Distribution(strategy, cluster.process, len(cluster.addresses))


@contextlib.contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """Ends the process if a call of TensorFlow takes longer, which is deaf to signals until it ends."""
    with Path(os.devnull).open("w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


# A TPU would be one more entry: a TPUStrategy whose resolver is named on the command line.
STRATEGIES: Mapping[str, Callable[[], Distribution]] = {
    "one": one_device,
    "mirrored": mirrored,
    "multi-worker": multi_worker,
}


def open_distribution(strategy: str, *, logical_devices: int | None = None) -> Distribution:
    """Opens a strategy. Call it once, before any other use of a device.

    Args:
        strategy: a key of `STRATEGIES`.
        logical_devices: splits the CPU into so many devices, to try several replicas without a GPU.

    Raises:
        UserError: no such strategy, or it cannot be opened here.
    """
    if strategy not in STRATEGIES:
        raise UserError(f"--strategy must be one of {', '.join(STRATEGIES)}. Received: {strategy}.")
    if logical_devices:
        (cpu, *_) = tf.config.list_physical_devices("CPU")
        parts = [tf.config.LogicalDeviceConfiguration()] * logical_devices
        tf.config.set_logical_device_configuration(cpu, parts)
    return STRATEGIES[strategy]()


@contextlib.contextmanager
def worker_loss_as_user_error(processes: int) -> Iterator[None]:
    """Reports the loss of another process as a UserError.

    Args:
        processes: the number of processes; with 1, errors pass unchanged.

    Raises:
        UserError: another process has ended or cannot be reached.
    """
    try:
        yield
    except tf.errors.OpError as error:
        lost = isinstance(error, tf.errors.UnavailableError) or ABORTED in error.message
        if processes == 1 or not lost:
            raise
        raise UserError(
            f"All {processes} processes must keep running. Received: {_cause(error.message)}. Another "
            "process ended; its own output has the reason. Start all of them again to resume from the last "
            "checkpoint."
        ) from None


def _cause(message: str) -> str:
    """The line of TensorFlow's message that names the cause."""
    lines = [line.strip() for line in message.splitlines()]
    return next((line for line in lines if ABORTED in line), lines[0]).rstrip(".")
