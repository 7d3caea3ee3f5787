"""The BMP and TIFF cases of make_images.py."""
import zlib

import numpy as np
from PIL import Image

import image_writers as writers
from image_cases import RANDOM, case, colours, grey_rgb, noise, saved, scene, through_palette


def bmp_cases():
    width, height = 13, 7
    for bits in (1, 4, 8):
        indices = noise(height, width, 1, (1 << bits) - 1)
        rows = writers.bmp_rows([writers.pack_samples(row, bits) for row in indices[::-1]])
        palette = colours(1 << bits)
        case(f"bmp_{bits}.bmp", writers.bmp(width, height, bits, rows, palette))
        case(f"bmp_{bits}_no_count.bmp", writers.bmp(width, height, bits, rows, palette, colours=0))
        case(f"bmp_{bits}_core.bmp", writers.bmp(width, height, bits, rows, palette, header_bytes=12))
        flipped = writers.bmp_rows([writers.pack_samples(row, bits) for row in indices])
        case(f"bmp_{bits}_top_down.bmp", writers.bmp(width, height, bits, flipped, palette, top_down=True))
        case(f"bmp_{bits}_offset_0.bmp", writers.bmp(width, height, bits, rows, palette, offset=0))
        case(f"bmp_{bits}_offset_short.bmp", writers.bmp(width, height, bits, rows, palette, offset=54))
        padding = -(-(width * bits) // 8) % -4  # of the last row, which may go without
        case(f"bmp_{bits}_without_padding.bmp", writers.bmp(width, height, bits, rows[:padding], palette))
    ramp = [(i, i, i) for i in range(256)]
    rows = writers.bmp_rows([writers.pack_samples(row, 8) for row in noise(height, width)])
    case("bmp_8_grey.bmp", writers.bmp(width, height, 8, rows, ramp))
    indices, few = noise(height, width), colours(9)
    rows = writers.bmp_rows([writers.pack_samples(row, 8) for row in indices[::-1]])
    case("bmp_8_few_colours.bmp", writers.bmp(width, height, 8, rows, few), through_palette(indices, few))
    # Pillow reads this as if it had 1 bit per pixel.
    indices = noise(height, width, 1, 1)
    black_white = writers.bmp_rows([writers.pack_samples(row, 8) for row in indices[::-1]])
    case("bmp_8_black_white.bmp", writers.bmp(width, height, 8, black_white, [(0, 0, 0), (255, 255, 255)]),
         grey_rgb(indices * 255))
    for bits in (16, 24, 32):
        rows = writers.bmp_rows([RANDOM.bytes(width * bits // 8) for _ in range(height)])
        case(f"bmp_{bits}.bmp", writers.bmp(width, height, bits, rows))
        case(f"bmp_{bits}_top_down.bmp", writers.bmp(width, height, bits, rows, top_down=True))
        for header in (64, 108, 124):
            case(f"bmp_{bits}_header_{header}.bmp", writers.bmp(width, height, bits, rows, header_bytes=header))
    case("bmp_24_core.bmp", writers.bmp(width, height, 24, writers.bmp_rows([RANDOM.bytes(39)] * height), header_bytes=12))
    masks = {16: [(0xf800, 0x7e0, 0x1f), (0x7c00, 0x3e0, 0x1f)],
             24: [(0xff0000, 0xff00, 0xff)],
             32: [(0xff0000, 0xff00, 0xff, 0), (0xff000000, 0xff0000, 0xff00, 0), (0xff000000, 0xff0000, 0xff00, 0xff),
                  (0xff, 0xff00, 0xff0000, 0xff000000), (0xff0000, 0xff00, 0xff, 0xff000000), (0, 0, 0, 0)]}
    for bits, layouts in masks.items():
        rows = writers.bmp_rows([RANDOM.bytes(width * bits // 8) for _ in range(height)])
        for number, layout in enumerate(layouts):
            layout = layout + (0,) * (4 - len(layout))
            packed = np.array(layout, "<u4").tobytes()
            for header in (40, 108):
                if header == 40 and layout[3]:
                    continue
                stored = packed[:12] if header == 40 else packed
                encoded = writers.bmp(width, height, bits, rows, compression=3, masks=stored, header_bytes=header)
                case(f"bmp_{bits}_masks_{number}_{header}.bmp", encoded)
    # Rare fields, which Pillow refuses: 10 bits for each colour.
    fields = noise(height, width, 3, 1023)
    words = (fields[..., 0] << 20 | fields[..., 1] << 10 | fields[..., 2]).astype("<u4")
    packed = np.array([1023 << 20, 1023 << 10, 1023], "<u4").tobytes()
    case("bmp_32_ten_bits.bmp", writers.bmp(width, height, 32, words[::-1].tobytes(), compression=3, masks=packed),
         fields * 255 // 1023)
    bmp_run_cases()


def bmp_run_cases():
    palette16, palette256 = colours(16), colours(256)

    def run(stream, bits, expected=None, width=6, height=3, **options):
        palette = palette16 if bits == 4 else palette256
        encoded = writers.bmp(width, height, bits, bytes(stream), palette, compression=2 if bits == 4 else 1, **options)
        if expected is not None:
            expected = np.array(palette)[np.array(expected)[::-1]]
        return encoded, expected

    case("bmp_rle8.bmp", *run([6, 1, 0, 0, 0, 5, 9, 8, 7, 6, 5, 0, 1, 200, 0, 0, 2, 3, 4, 77, 0, 0, 0, 1], 8))
    case("bmp_rle8_no_end.bmp", *run([6, 1, 0, 0, 6, 2, 0, 0, 6, 3], 8))
    case("bmp_rle8_run_past_row.bmp", *run([9, 1, 0, 0, 6, 2, 0, 0, 6, 3, 0, 1], 8))
    case("bmp_rle4.bmp", *run([6, 0x12, 0, 0, 0, 4, 0x34, 0x56, 2, 0x70, 0, 0, 5, 0xab, 1, 0xc0, 0, 1], 4))
    # What Pillow 9 to 11 misreads: deltas, odd absolute runs of RLE4; and an early end, which it refuses.
    case("bmp_rle8_delta.bmp", *run([2, 1, 0, 2, 2, 1, 2, 5, 0, 0, 1, 9, 0, 1], 8,
                                    [[1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 5, 5], [9, 0, 0, 0, 0, 0]]))
    case("bmp_rle4_odd.bmp", *run([0, 5, 0x12, 0x34, 0x50, 0, 1, 0x60, 0, 0, 6, 0x77, 0, 0, 6, 0x89, 0, 1], 4,
                                  [[1, 2, 3, 4, 5, 6], [7] * 6, [8, 9] * 3]))
    case("bmp_rle8_early_end.bmp", *run([6, 1, 0, 0, 2, 2, 0, 1], 8, [[1] * 6, [2, 2, 0, 0, 0, 0], [0] * 6]))


def native(samples, bits, big_endian):
    """Rows of samples as TIFF stores them."""
    if bits in (16, 32):
        kind = samples.dtype.kind
        return [row.astype((">" if big_endian else "<") + kind + str(bits // 8)).tobytes() for row in samples]
    return [writers.pack_samples(row, bits) for row in samples]


def strips(rows, per_strip):
    return [b"".join(rows[i:i + per_strip]) for i in range(0, len(rows), per_strip)]


def tiles(samples, bits, big_endian, tile_width=16, tile_height=16):
    height, width, channels = samples.shape
    out = []
    for y in range(0, height, tile_height):
        for x in range(0, width, tile_width):
            tile = np.zeros((tile_height, tile_width, channels), samples.dtype)
            part = samples[y:y + tile_height, x:x + tile_width]
            tile[:part.shape[0], :part.shape[1]] = part
            out.append(b"".join(native(tile, bits, big_endian)))
    return out


def tiff_case(name, samples, bits, photometric, tags=None, big_endian=False, expected=None, layouts=("strips",), pack=None):
    """One file for each layout; pack compresses a segment (8: deflate)."""
    height, width, channels = samples.shape
    for layout in layouts:
        all_tags = {258: [bits] * channels, 259: 1, 262: photometric, 277: channels, **(tags or {})}
        if layout.startswith("planes"):
            all_tags[284] = 2
            planes = [samples[..., c:c + 1] for c in range(channels)]
        else:
            planes = [samples]
        segments = []
        for plane in planes:
            if layout.endswith("tiles"):
                all_tags[322], all_tags[323] = 16, 16
                segments += tiles(plane, bits, big_endian)
            else:
                all_tags[278] = 5
                segments += strips(native(plane, bits, big_endian), 5)
        if pack is not None:
            all_tags[259] = 8
            segments = [pack(segment) for segment in segments]
        case(f"tiff_{name}_{layout}.tif", writers.tiff(width, height, all_tags, segments, big_endian), expected)


def tiff_cases():
    height, width = 23, 37
    plain, planar = ("strips", "tiles"), ("strips", "tiles", "planes", "planes_tiles")
    for bits in (1, 2, 4, 8):
        samples = noise(height, width, 1, (1 << bits) - 1)
        for photometric in (0, 1):
            # Pillow's own tile reader loses its place at a right edge that is not a whole byte or where tiles overhang.
            tiff_case(f"grey{bits}_{photometric}", samples, bits, photometric, layouts=plain, pack=zlib.compress)
            tiff_case(f"grey{bits}_{photometric}_raw", samples, bits, photometric)
        tiff_case(f"grey{bits}_fill_order", samples, bits, 1, {266: 2})
        colour_map = {320: list(RANDOM.integers(0, 65536, size=3 << bits))}
        tiff_case(f"palette{bits}", samples, bits, 3, colour_map, layouts=plain, pack=zlib.compress)
    tiff_wide_cases(height, width)
    for big_endian in (False, True):
        end = "be" if big_endian else "le"
        rgb = noise(height, width, 3)
        tiff_case(f"rgb8_{end}", rgb, 8, 2, None, big_endian, layouts=planar, pack=zlib.compress)
        tiff_case(f"rgb8_raw_{end}", rgb, 8, 2, None, big_endian, layouts=("strips", "planes"))
        tiff_case(f"rgb16_{end}", noise(height, width, 3, 65535), 16, 2, None, big_endian, layouts=planar, pack=zlib.compress)
        tiff_case(f"rgb16_raw_{end}", noise(height, width, 3, 65535), 16, 2, None, big_endian)
        for extra in (0, 1, 2):
            samples = noise(height, width, 4)
            # Pillow 11 does not read planes of which the last is of no stated meaning.
            expected = samples[..., :3] if extra == 0 else None
            tiff_case(f"rgba8_{extra}_{end}", samples, 8, 2, {338: extra}, big_endian, expected, planar, zlib.compress)
            tiff_case(f"rgba16_{extra}_{end}", noise(height, width, 4, 65535), 16, 2, {338: extra}, big_endian)
    tiff_case("rgba8_no_tag", noise(height, width, 4), 8, 2)
    tiff_case("rgb8_two_extras", noise(height, width, 5), 8, 2, {338: [0, 0]})
    tiff_case("grey_alpha", noise(height, width, 2), 8, 1, {338: 2}, pack=zlib.compress)
    tiff_case("palette_alpha", noise(height, width, 2), 8, 3, {338: 2, 320: list(RANDOM.integers(0, 65536, size=768))})
    tiff_case("cmyk8", noise(height, width, 4), 8, 5, layouts=planar, pack=zlib.compress)
    tiff_case("cmyk16", noise(height, width, 4, 65535), 16, 5)
    tiff_case("predictor", np.cumsum(noise(height, width, 3, 3), axis=1), 8, 2, {317: 1}, pack=zlib.compress)
    for orientation in range(1, 9):
        tiff_case(f"orientation_{orientation}", noise(9, 14, 3), 8, 2, {274: orientation})
    for big_endian in (False, True):
        # Pillow 9 does not read the big-endian kind.
        rgb = noise(4, 6, 3)
        tags = {258: [8] * 3, 259: 1, 262: 2, 277: 3, 278: 4}
        encoded = writers.tiff(6, 4, tags, [rgb.astype(np.uint8).tobytes()], big_endian, big=True)
        case(f"tiff_big_{'be' if big_endian else 'le'}.tif", encoded, rgb)
    tiff_pillow_cases()


def tiff_wide_cases(height, width):
    """Grey of more than 8 bits: clipped, not scaled; Pillow's versions differ in which they open."""
    wide = noise(height, width, 1, 65535).astype(np.uint16)
    wide[::2] %= 300
    for big_endian in (False, True):
        end = "be" if big_endian else "le"
        tiff_case(f"grey16_{end}", wide, 16, 1, None, big_endian, grey_rgb(np.minimum(wide, 255)), ("strips", "tiles"))
        signed = (wide.astype(int) - 200).astype(np.int16)
        tiff_case(f"grey16_signed_{end}", signed, 16, 1, {339: 2}, big_endian, grey_rgb(signed.clip(0, 255)))
        whole = (wide.astype(np.int32) - 100) * 2
        tiff_case(f"grey32_{end}", whole, 32, 1, {339: 2}, big_endian, grey_rgb(whole.clip(0, 255)))
        real = (wide.astype(np.float32) - 100) * 1.25
        tiff_case(f"grey_float_{end}", real, 32, 1, {339: 3}, big_endian, grey_rgb(real.clip(0, 255).astype(int)))


def tiff_pillow_cases():
    rgb, grey = Image.fromarray(scene(50, 61, 3)), Image.fromarray(scene(50, 61, 1)[..., 0])
    for kind, image in (("rgb", rgb), ("grey", grey), ("palette", rgb.quantize(77)), ("cmyk", rgb.convert("CMYK"))):
        for compression in (None, "tiff_lzw", "packbits", "tiff_adobe_deflate", "jpeg", "lzma", "zstd"):
            if kind == "palette" and compression == "jpeg":
                continue
            case(f"tiff_pillow_{kind}_{compression}.tif", saved(image, "TIFF", compression=compression))
    for mode in ("LA", "RGBA", "RGBX"):
        case(f"tiff_pillow_{mode}.tif", saved(rgb.convert("RGBA").convert(mode), "TIFF", compression="tiff_lzw"))
    bilevel = grey.convert("1")
    for compression in (None, "group3", "group4", "tiff_ccitt", "packbits"):
        case(f"tiff_pillow_bilevel_{compression}.tif", saved(bilevel, "TIFF", compression=compression))
    ycbcr = rgb.convert("YCbCr")
    for compression in ("jpeg", "tiff_lzw"):
        case(f"tiff_pillow_ycbcr_{compression}.tif", saved(ycbcr, "TIFF", compression=compression))
    pages = saved(rgb, "TIFF", save_all=True, append_images=[grey, rgb.resize((9, 9))], compression="tiff_lzw")
    case("tiff_pillow_pages.tif", pages)
