import numpy as np
import pytest
from PIL import Image


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
