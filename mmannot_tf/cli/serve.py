"""`mmannot serve`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mmannot_tf.cli.arguments import (
    BetaOption,
    DecideOption,
    EngineOption,
    FavourOption,
    KOption,
    LeastOption,
    MostOption,
    PrecisionOption,
    ThreadsOption,
    ThresholdOption,
    ToleranceOption,
    given_beta,
)
from mmannot_tf.serving.network import TOLERANCE
from mmannot_tf.serving.server.limits import MEGAPIXEL, MIB, Limits

PORT = 8501
"""TensorFlow Serving's port for REST."""
DEFAULT = Limits()


def serve(
    model: Annotated[
        Path | None, typer.Argument(metavar="[EXPORT]", help="An export, or a run; or else --models.")
    ] = None,
    models: Annotated[
        Path | None,
        typer.Option("--models", help="A TOML file of several models, each under its name: docs/serving.md."),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; by default this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 for any free port.")] = PORT,
    name: Annotated[str, typer.Option("--name", help="The model's name in paths.")] = "mmannot",
    decide: DecideOption = None,
    threshold: ThresholdOption = None,
    k: KOption = None,
    least: LeastOption = None,
    most: MostOption = None,
    beta: BetaOption = None,
    favour: FavourOption = None,
    engine: EngineOption = "tensorflow",
    precision: PrecisionOption = "float32",
    tolerance: ToleranceOption = TOLERANCE,
    threads: ThreadsOption = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Most images per forward pass.")
    ] = DEFAULT.batch_size,
    max_wait: Annotated[
        float, typer.Option("--max-wait", min=0.0, help="Milliseconds that an image waits for others.")
    ] = DEFAULT.wait_seconds * 1000,
    max_body: Annotated[int, typer.Option("--max-body", min=1, help="MiB per request.")] = DEFAULT.body_bytes
    // MIB,
    max_images: Annotated[
        int, typer.Option("--max-images", min=1, help="Images per request.")
    ] = DEFAULT.images,
    max_pixels: Annotated[
        int, typer.Option("--max-pixels", min=1, help="Megapixels per image, by its header.")
    ] = DEFAULT.pixels // MEGAPIXEL,
    max_requests: Annotated[
        int, typer.Option("--max-requests", min=1, help="Concurrent requests.")
    ] = DEFAULT.requests,
    memory_limit: Annotated[
        float | None,
        typer.Option(
            "--memory-limit", min=0.0, help="GiB that the process may have; lowers the other limits to fit."
        ),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allowed-host",
            help="A host name by which the server may be reached; may be repeated; * allows all. By default "
            "the loopback names and --host.",
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.001, help="Seconds a request may take.")
    ] = DEFAULT.seconds,
    watch: Annotated[
        float,
        typer.Option("--watch", min=0.0, help="Seconds between two looks for a new version; 0 for none."),
    ] = 5.0,
    access_log: Annotated[
        str | None,
        typer.Option(
            "--access-log",
            metavar="FILE|-",
            help="Append a JSON line for each request to a file; - writes to stdout.",
        ),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        typer.Option("--log-level", help="The lowest level of the lines on stderr."),
    ] = "info",
) -> None:
    """Annotate over HTTP: TensorFlow Serving's REST API, uploads, health, Prometheus metrics."""
    from mmannot_tf.decisions.override import Override
    from mmannot_tf.serving.engines.selection import EngineOptions, check_options, needs_tensorflow
    from mmannot_tf.serving.model import open_model
    from mmannot_tf.serving.server.models_file import read_models
    from mmannot_tf.workflows.serving import served_model
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.errors import UserError
    from tfrecords_tools.shell.extras import install_command
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow
    from tfrecords_tools.shell.threads import limit_threads

    limit_threads(threads)
    options = EngineOptions(engine, precision, tolerance)
    check_options(options)
    asked = Override(decide, threshold, k, least, most, given_beta(beta, favour))
    if (model is None) == (models is None):
        raise UserError("`mmannot serve` needs either EXPORT or --models FILE. Received: both or neither.")
    listed = [] if models is None else read_models(models)
    wanted = [(each.name, Path(each.path), each.options, each.override) for each in listed]
    if model is not None:
        wanted = [(name, model, options, asked)]
    # What is no model is said before TensorFlow is loaded.
    tensorflow = any([needs_tensorflow(open_model(path), each.engine) for _, path, each, _ in wanted])
    limits = Limits(
        body_bytes=max_body * MIB,
        images=max_images,
        pixels=max_pixels * MEGAPIXEL,
        decoding_pixels=max(max_pixels * MEGAPIXEL, DEFAULT.decoding_pixels),
        requests=max_requests,
        seconds=timeout,
        batch_size=batch_size,
        wait_seconds=max_wait / 1000,
    )
    if tensorflow:
        import_tensorflow()
    try:
        from mmannot_tf.serving.server.access_log import AccessLog
        from mmannot_tf.serving.server.host_policy import HostPolicy
        from mmannot_tf.serving.server.lifecycle import serve as run
        from mmannot_tf.serving.server.memory_limit import GIB, MemoryLimit
        from mmannot_tf.serving.server.options import ServerOptions
    except ImportError as error:
        raise UserError(
            f"`mmannot serve` needs packages. Received: {error}. Run `{install_command('serve')}`."
        ) from None

    served = [served_model(*each, log=notice) for each in wanted]
    server_options = ServerOptions(
        HostPolicy.for_server(host, allowed_host or []),
        limits,
        watch_seconds=watch,
        access_log=None if access_log is None else AccessLog(access_log),
        log_level=log_level,
        memory=MemoryLimit(None if memory_limit is None else round(memory_limit * GIB)),
    )
    run(served, host=host, port=port, options=server_options, log=notice)
