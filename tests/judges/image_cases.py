"""What the scripts that draw test images share: random and smooth pixels, and writing one case."""
import io
import pathlib

import numpy as np
from PIL import Image

RANDOM = np.random.default_rng(20240229)
FOLDER = pathlib.Path(".")


def case(name, encoded, expected=None):
    """Writes the file and its RGB. expected: [height, width, 3], or None to ask Pillow."""
    if expected is None:
        with Image.open(io.BytesIO(encoded)) as image:
            expected = np.asarray(image.convert("RGB"))
    expected = np.ascontiguousarray(expected, dtype=np.uint8)
    (FOLDER / name).write_bytes(encoded)
    height, width, _ = expected.shape
    (FOLDER / name).with_suffix(".ppm").write_bytes(b"P6 %d %d 255\n" % (width, height) + expected.tobytes())


def noise(height, width, channels=1, top=255):
    return RANDOM.integers(0, top + 1, size=(height, width, channels))


def scene(height, width, channels):
    """Smooth with edges, so that lossy codecs have something to do."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [(127 + 120 * np.sin((x + 3 * c) / 7.0 + c) * np.cos((y - 2 * c) / 5.0)) for c in range(channels)]
    out = np.stack(planes, axis=-1)
    out[height // 4:height // 2, width // 4:width // 2] = 255 - 40 * np.arange(channels)
    return out.clip(0, 255).astype(np.uint8)


def colours(count):
    return [tuple(colour) for colour in noise(count, 3)[..., 0]]


def through_palette(indices, palette):
    """RGB of indices; those beyond the palette are grey of their number, as in Pillow 9 (later versions: black)."""
    table = np.repeat(np.arange(256)[:, None], 3, axis=1)
    table[:len(palette)] = palette
    return table[np.asarray(indices).reshape(indices.shape[:2])]


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def grey_rgb(values):
    """[height, width] or [height, width, 1] to [height, width, 3]."""
    values = np.asarray(values)
    return np.repeat(values.reshape(*values.shape[:2], 1), 3, axis=2)
