"""Images with the cost of photographs: JPEGs of 640 by 480 pixels with structure and noise."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from tfrecords_tools.building.building import build_records
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.source import manifest_source
from tfrecords_tools.reading.records import Records


def photograph(number: int) -> bytes:
    """One image of about 120 kB; the same number gives the same bytes."""
    draw = np.random.default_rng(number)
    coarse = Image.fromarray(draw.integers(0, 256, (12, 16, 3), np.uint8)).resize((640, 480))
    noisy = np.clip(np.asarray(coarse) + draw.normal(0, 12, (480, 640, 3)), 0, 255).astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(noisy).save(written, "JPEG", quality=90)
    return written.getvalue()


def photograph_records(folder: Path, count: int) -> Records:
    """Records with so many images in the training split, and one in each other split."""
    raw, manifest = folder / "photographs", folder / "photographs.csv"
    raw.mkdir(parents=True)
    rows = ["path,labels,tags,split"]
    for number in range(count + 2):
        (raw / f"{number}.jpg").write_bytes(photograph(number))
        split = {count: "validation", count + 1: "test"}.get(number, "train")
        rows.append(f"{number}.jpg,label{number % 7};other,tag{number % 40};tag{number % 11},{split}")
    manifest.write_text("\n".join(rows), encoding="utf-8")
    return build_records(manifest_source(ManifestSettings(manifest, raw)), out=folder / "records")
