#!/usr/bin/env python3
"""Draws images of every format and kind that the decoders read, with the RGB that Pillow makes of each.

    make_images.py FOLDER      FOLDER/<name>.<png|jpg|webp|gif|bmp|tif> and FOLDER/<name>.ppm

The pixels come from Image.open(f).convert("RGB") at the time of the run. Where Pillow's versions differ, or where one
is known to misread a well-formed file, the expected pixels are computed here from the format's definition instead.
"""
import pathlib
import struct
import sys
import warnings

import numpy as np
from PIL import Image

import image_cases
import image_writers as writers
from bitmap_cases import bmp_cases, tiff_cases
from image_cases import RANDOM, case, colours, grey_rgb, noise, saved, scene, through_palette

warnings.simplefilter("ignore")


def png_cases():
    depths = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
    for colour_type, bits_list in depths.items():
        for bits in bits_list:
            for interlaced in (False, True):
                for height, width in ((11, 13), (1, 1), (3, 9)):
                    samples = noise(height, width, writers.PNG_CHANNELS[colour_type], (1 << bits) - 1)
                    chunks = b""
                    if colour_type == 3:
                        chunks = writers.png_chunk(b"PLTE", RANDOM.bytes(3 << bits))
                    expected = None
                    if colour_type == 0 and bits == 16:
                        # Pillow 9 opens it as mode I, later ones as I;16; both clip.
                        samples[::2] %= 300
                        expected = grey_rgb(np.minimum(samples, 255))
                    name = f"png_{colour_type}_{bits}_{width}x{height}{'_interlaced' if interlaced else ''}.png"
                    case(name, writers.png(samples, bits, colour_type, chunks, interlaced), expected)
    indices, few = noise(7, 9), colours(10)
    palette = writers.png_chunk(b"PLTE", bytes(np.array(few, np.uint8)))
    case("png_palette_short.png", writers.png(indices, 8, 3, palette), through_palette(indices, few))
    case("png_palette_trns.png", writers.png(noise(7, 9, 1, 9), 8, 3, palette + writers.png_chunk(b"tRNS", b"\0\x80\0")))
    case("png_grey_trns.png", writers.png(noise(7, 9), 8, 0, writers.png_chunk(b"tRNS", b"\0\x07")))
    case("png_rgb_trns.png", writers.png(noise(7, 9, 3), 8, 2, writers.png_chunk(b"tRNS", b"\0\1\0\2\0\3")))
    case("png_rgb16_trns.png", writers.png(noise(7, 9, 3, 65535), 16, 2, writers.png_chunk(b"tRNS", b"\1\1\1\2\1\3")))
    extras = writers.png_chunk(b"gAMA", struct.pack(">I", 45455)) + writers.png_chunk(b"tEXt", b"Title\0" + b"x" * 2000)
    extras += writers.png_chunk(b"sBIT", b"\5\6\5") + writers.png_chunk(b"bKGD", bytes(6))
    case("png_ancillary.png", writers.png(noise(7, 9, 3), 8, 2, extras))
    whole = writers.png(noise(40, 30, 4), 8, 6)
    case("png_without_iend.png", whole[:-12])
    case("png_trailing_bytes.png", whole + b"more")
    exif = Image.Exif()
    exif[0x0112] = 6
    case("png_exif_orientation.png", saved(Image.fromarray(scene(9, 14, 3)), "PNG", exif=exif))


def jpeg_cases():
    for height, width in ((37, 53), (8, 16), (1, 1), (64, 301)):
        rgb, grey = Image.fromarray(scene(height, width, 3)), Image.fromarray(scene(height, width, 1)[..., 0])
        for subsampling in (0, 1, 2):
            case(f"jpeg_rgb_{width}x{height}_{subsampling}.jpg", saved(rgb, "JPEG", quality=80, subsampling=subsampling))
        case(f"jpeg_progressive_{width}x{height}.jpg", saved(rgb, "JPEG", quality=70, progressive=True))
        case(f"jpeg_grey_{width}x{height}.jpg", saved(grey, "JPEG", quality=80))
        case(f"jpeg_grey_progressive_{width}x{height}.jpg", saved(grey, "JPEG", quality=80, progressive=True))
        cmyk = saved(Image.fromarray(scene(height, width, 4), "CMYK"), "JPEG", quality=90)
        case(f"jpeg_cmyk_{width}x{height}.jpg", cmyk)
        adobe = cmyk.index(b"Adobe")
        assert cmyk[adobe + 11] == 0
        case(f"jpeg_ycck_{width}x{height}.jpg", cmyk[:adobe + 11] + b"\2" + cmyk[adobe + 12:])
        app14 = adobe - 4
        case(f"jpeg_cmyk_plain_{width}x{height}.jpg", cmyk[:app14] + cmyk[app14 + 16:])
    rgb = Image.fromarray(scene(20, 31, 3))
    plain = saved(rgb, "JPEG", quality=85, subsampling=0)
    marker = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"
    case("jpeg_stored_rgb.jpg", plain[:2] + marker + plain[2 + 18:])
    case("jpeg_optimized.jpg", saved(rgb, "JPEG", quality=85, optimize=True))
    case("jpeg_without_end.jpg", plain[:-2])
    case("jpeg_trailing_bytes.jpg", plain + b"more bytes")
    exif = Image.Exif()
    exif[0x0112] = 8
    case("jpeg_exif_orientation.jpg", saved(rgb, "JPEG", exif=exif, comment=b"hello"))


def webp_cases():
    for height, width in ((37, 53), (1, 1), (16, 130)):
        rgb, rgba = Image.fromarray(scene(height, width, 3)), Image.fromarray(scene(height, width, 4))
        for method in (0, 4):
            case(f"webp_lossy_{width}x{height}_{method}.webp", saved(rgb, "WEBP", quality=60, method=method))
        case(f"webp_lossy_alpha_{width}x{height}.webp", saved(rgba, "WEBP", quality=60))
        case(f"webp_lossless_{width}x{height}.webp", saved(rgb, "WEBP", lossless=True))
        case(f"webp_lossless_alpha_{width}x{height}.webp", saved(rgba, "WEBP", lossless=True, exact=True))
    few = Image.fromarray(scene(20, 30, 3)).quantize(9).convert("RGB")
    case("webp_lossless_few_colours.webp", saved(few, "WEBP", lossless=True))
    frames = [Image.fromarray(scene(24, 32, 3)), Image.fromarray(255 - scene(24, 32, 3))]
    case("webp_animation.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    for kind, alpha in (("lossy", False), ("lossless", False), ("lossless", True)):
        options = {"lossless": kind == "lossless", "exact": alpha, "quality": 70}
        still = saved(Image.fromarray(scene(10, 15, 4 if alpha else 3)), "WEBP", **options)
        # A still with alpha may be wrapped in VP8X; the frame wants its bare image chunk.
        if still[12:16] == b"VP8X":
            continue
        name = f"webp_small_first_frame_{kind}{'_alpha' if alpha else ''}.webp"
        case(name, writers.webp_animation((32, 24), [(4, 6, 15, 10, still), (0, 0, 15, 10, still)], alpha=alpha))


def gif_cases():
    indices = noise(21, 17)[..., 0]
    ramp = [(i, i, i) for i in range(256)]
    case("gif_global.gif", writers.gif((17, 21), [{"indices": indices}], colours(256)))
    case("gif_interlaced.gif", writers.gif((17, 21), [{"indices": indices, "interlaced": True}], colours(256)))
    for rows in range(1, 9):
        frame = {"indices": noise(rows, 5)[..., 0], "interlaced": True}
        case(f"gif_interlaced_{rows}_rows.gif", writers.gif((5, rows), [frame], colours(256)))
    case("gif_local.gif", writers.gif((17, 21), [{"indices": indices, "palette": colours(256)}], colours(256)))
    case("gif_local_only.gif", writers.gif((17, 21), [{"indices": indices, "palette": colours(256)}]))
    case("gif_no_palette.gif", writers.gif((17, 21), [{"indices": indices}]))
    case("gif_ramp_palette.gif", writers.gif((17, 21), [{"indices": indices}], ramp))
    # Pillow takes the global palette here.
    local_ramp = writers.gif((17, 21), [{"indices": indices, "palette": ramp}], colours(256))
    case("gif_local_ramp.gif", local_ramp, grey_rgb(indices))
    case("gif_few_colours.gif", writers.gif((17, 21), [{"indices": indices % 8}], colours(8)))
    few = colours(8)
    case("gif_index_beyond_palette.gif", writers.gif((17, 21), [{"indices": indices}], few), through_palette(indices, few))
    for transparent in (None, 5):
        name = "transparent" if transparent is not None else "opaque"
        frame = {"indices": indices, "left": 3, "top": 2, "transparent": transparent}
        case(f"gif_small_frame_{name}.gif", writers.gif((30, 40), [frame], colours(256), background=7))
        case(f"gif_overhang_{name}.gif", writers.gif((10, 30), [frame], colours(256), background=7))
        case(f"gif_small_grey_frame_{name}.gif", writers.gif((30, 40), [frame]))
        local = {**frame, "palette": colours(256), "interlaced": True}
        case(f"gif_small_local_frame_{name}.gif", writers.gif((30, 40), [local], colours(256), background=7))
    two = [{"indices": indices}, {"indices": 255 - indices, "palette": colours(256)}]
    case("gif_two_frames.gif", writers.gif((17, 21), two, colours(256)))
    image = Image.fromarray(scene(60, 80, 3)).quantize(200)
    case("gif_pillow.gif", saved(image, "GIF"))
    case("gif_pillow_large.gif", saved(Image.fromarray(noise(120, 130)[..., 0].astype(np.uint8)), "GIF"))
    case("gif_pillow_transparent.gif", saved(image, "GIF", transparency=3))


def main():
    image_cases.FOLDER = pathlib.Path(sys.argv[1])
    image_cases.FOLDER.mkdir(parents=True, exist_ok=True)
    for write_cases in (png_cases, jpeg_cases, webp_cases, gif_cases, bmp_cases, tiff_cases):
        write_cases()


if __name__ == "__main__":
    main()
