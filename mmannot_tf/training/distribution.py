"""Where a run is computed: one device, all of a machine, or several machines, under tf.distribute.

A strategy is an entry of `STRATEGIES`. Nothing else in the code knows which one is in force: the loop runs
each step by `strategy.run`, and all replicas together compute the batches of one device (`data.sharing`).
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from mmannot_tf.data.sharing import Pass, Share, endless
from tfrecords_tools.shell.errors import UserError

Result = TypeVar("Result")

ABORTED = "Collective ops is aborted"
"""How TensorFlow's collective operations begin the message of whatever error ends them."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """A strategy and the place of this process in it.

    Attributes:
        strategy: in whose scope networks and optimizers are built.
        process: which of the processes this one is, from 0.
        processes: how many there are.
        device: of one replica, the name of the device that batches are fetched to while the step before is
            computed; None leaves them in the CPU's memory. Strategies of several fetch to theirs anyway.
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
        """Whether this process writes the run's files; exactly one does."""
        return self.process == 0

    @property
    def share(self) -> Share | None:
        """What this process computes of everything; None for all of it on one replica."""
        if self.replicas == 1:
            return None
        local = self.replicas // self.processes
        return Share(first=self.process * local, local=local, replicas=self.replicas)

    def scope(self) -> Any:
        """A context: variables made within lie on every replica."""
        return self.strategy.scope()

    def steps(self, read: Callable[[Share | None], tf.data.Dataset], steps: int) -> Any:
        """Batches for `strategy.run`, one for each of `steps` steps, with their `element_spec`.

        Args:
            read: share → batches; of a share, dealt to its replicas without end (`data.sharing.dealt`).
            steps: how many batches there are.
        """
        if self.share is None:
            return self._fetched(read(None).take(steps))
        return _Steps(self.strategy.distribute_datasets_from_function(lambda _: read(self.share)), steps)

    def _fetched(self, batches: tf.data.Dataset) -> Any:
        """By a strategy of the one device: `prefetch_to_device` never lets go of its functions (TF 2.21)."""
        if self.device is None:
            return batches
        return tf.distribute.OneDeviceStrategy(self.device).distribute_datasets_from_function(
            lambda _: batches
        )

    def ordered(self, over: Pass) -> Any:
        """The batches of an ordered pass as `steps` gives them: in step t, replica r has batch t R + r."""
        steps = -(-over.batches // self.replicas)
        return self.steps(
            lambda share: over.read(share) if share is None else endless(over.read(share)), steps
        )

    def total(self, values: np.ndarray) -> np.ndarray:
        """The sum over processes of `values`, of one shape in all; every process calls this."""
        if self.processes == 1:
            return values

        def value(context: Any) -> tf.Tensor:
            first = context.replica_id_in_sync_group == self.share.first
            return tf.constant(values if first else np.zeros_like(values))

        parts = self.strategy.experimental_distribute_values_from_function(value)
        return self.strategy.reduce("SUM", parts, axis=None).numpy()

    def by_chief(self, action: Callable[[], Result]) -> Result | None:
        """The chief acts while the others wait for it. Its result; None in the others.

        Raises:
            UserError: the chief failed; in the others too, that none goes on alone.
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
            raise UserError("The first process must go on. Received: its failure; its own output names it.")
        return result

    def any_process(self, flag: bool) -> bool:
        """Whether the flag is up in any process; all ask at the same step."""
        return bool(self.total(np.array([flag], np.float32)).any())

    def agreed(self, decision: Callable[[], bool]) -> bool:
        """What the chief decides, in every process."""
        return self.any_process(bool(self.by_chief(decision)))


@dataclass(frozen=True, eq=False)
class _Steps:
    """The first `steps` elements of a distributed dataset without end."""

    batches: Any
    steps: int

    @property
    def element_spec(self) -> Any:
        """Of an element; its first sizes are open: a step is traced once, at the same time everywhere."""
        return self.batches.element_spec

    def __iter__(self) -> Iterator[Any]:
        return islice(iter(self.batches), self.steps)


def one_device() -> Distribution:
    """The default strategy: the first GPU where TensorFlow sees one, else the CPU."""
    gpus = tf.config.list_logical_devices("GPU")
    return Distribution(tf.distribute.get_strategy(), device=gpus[0].name if gpus else None)


def mirrored() -> Distribution:
    """All local GPUs; where there is none, all logical devices of the CPU."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return Distribution(tf.distribute.MirroredStrategy([device.name for device in devices]))


def multi_worker() -> Distribution:
    """All GPUs (or the CPU) of each of the processes that TF_CONFIG names.

    Raises:
        UserError: TF_CONFIG is not set, or does not name processes that train.
    """
    cluster = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    try:
        addresses = cluster.cluster_spec().as_dict()
        if addresses:
            process = int(cluster.task_id) + len(addresses.get("chief", ())) * (cluster.task_type == "worker")
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"TF_CONFIG must be as TensorFlow documents it. Received: {error}.") from None
    if not addresses or not set(addresses) <= {"chief", "worker"}:
        raise UserError(
            "--strategy multi-worker needs TF_CONFIG to name the workers. Received: "
            f"{', '.join(addresses) or 'none'}. On one machine `mmannot launch` sets it; docs/distributed.md."
        )
    strategy = tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=cluster)
    return Distribution(strategy, process, sum(len(jobs) for jobs in addresses.values()))


# A TPU is another line here: TPUStrategy of a resolver named on the command line.
STRATEGIES: Mapping[str, Callable[[], Distribution]] = {
    "one": one_device,
    "mirrored": mirrored,
    "multi-worker": multi_worker,
}


def open_distribution(strategy: str, *, logical_devices: int | None = None) -> Distribution:
    """Opens a strategy; call it once, before anything else touches a device.

    Args:
        strategy: a key of `STRATEGIES`.
        logical_devices: how many the CPU is split into, to try several replicas without a GPU; None for one.

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
    """Around all that the processes compute together.

    Args:
        processes: how many there are; for one, no error is touched.

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
            f"All {processes} processes must go on. Received: {_cause(error.message)}. Another process "
            "ended: its own output says why. Start all of them again: they go on from the last checkpoint."
        ) from None


def _cause(message: str) -> str:
    """The line of TensorFlow's report that names the cause."""
    lines = [line.strip() for line in message.splitlines()]
    return next((line for line in lines if ABORTED in line), lines[0]).rstrip(".")
