"""Minimal writers of PNG, BMP, GIF, TIFF and animated WebP, for the variants that Pillow reads but cannot write."""
import struct
import zlib

import numpy as np


def pack_samples(row, bits):
    """Samples of 1, 2, 4, 8 or 16 bits (big-endian) to bytes, packed from the high bit down."""
    row = np.asarray(row).ravel()
    if bits == 16:
        return row.astype(">u2").tobytes()
    if bits == 8:
        return row.astype(np.uint8).tobytes()
    planes = (row[:, None].astype(int) >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(planes.ravel().astype(np.uint8)).tobytes()


# --- PNG ---------------------------------------------------------------------------------------------------------

def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _filtered(rows, bytes_per_pixel):
    """Each row under the next of the five filters in turn."""
    out = bytearray()
    above = bytes(len(rows[0])) if rows else b""
    for number, row in enumerate(rows):
        kind = number % 5
        out.append(kind)
        for i, value in enumerate(row):
            left = row[i - bytes_per_pixel] if i >= bytes_per_pixel else 0
            up = above[i]
            corner = above[i - bytes_per_pixel] if i >= bytes_per_pixel else 0
            estimate = left + up - corner
            distances = [(abs(estimate - left), left), (abs(estimate - up), up), (abs(estimate - corner), corner)]
            paeth = min(distances, key=lambda pair: pair[0])[1]
            out.append((value - [0, left, up, (left + up) // 2, paeth][kind]) & 255)
        above = row
    return bytes(out)


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def png(samples, bits, colour_type, chunks=b"", interlaced=False, idat_bytes=200):
    """samples: [height, width, channels]."""
    height, width, channels = samples.shape
    assert channels == PNG_CHANNELS[colour_type]
    bytes_per_pixel = max(1, channels * bits // 8)
    stream = b""
    for x, y, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = samples[y::dy, x::dx]
        if part.size:
            stream += _filtered([pack_samples(row, bits) for row in part], bytes_per_pixel)
    packed = zlib.compress(stream)
    data = b"".join(png_chunk(b"IDAT", packed[i:i + idat_bytes]) for i in range(0, len(packed), idat_bytes))
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + chunks + data + png_chunk(b"IEND", b"")


# --- BMP ---------------------------------------------------------------------------------------------------------

def bmp(width, height, bits, pixels, palette=(), compression=0, masks=b"", header_bytes=40, top_down=False,
        offset=None, colours=None):
    """pixels: the stored bytes. palette: (r, g, b) entries. masks: stored after a 40-byte header, or inside."""
    entry = 3 if header_bytes == 12 else 4
    table = b"".join(bytes([b, g, r, 0][:entry]) for r, g, b in palette)
    if header_bytes == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        colours = len(palette) if colours is None else colours
        info = struct.pack("<IiiHHIIiiII", header_bytes, width, -height if top_down else height, 1, bits, compression,
                           len(pixels), 2835, 2835, colours, 0)
        if header_bytes > 40:
            info = (info + masks).ljust(header_bytes, b"\0")
        else:
            info += masks
    start = 14 + len(info) + len(table)
    head = b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start if offset is None else offset)
    return head + info + table + pixels


def bmp_rows(rows):
    """Stored rows, padded to 4 bytes, given from the bottom up."""
    return b"".join(row + bytes(-len(row) % 4) for row in rows)


# --- GIF ---------------------------------------------------------------------------------------------------------

def gif_lzw(indices, code_bits):
    """Every index as a literal, the table cleared before it would widen the codes."""
    clear, end = 1 << code_bits, (1 << code_bits) + 1
    codes, since = [clear], 0
    for index in indices:
        if since == (1 << code_bits) - 2:
            codes.append(clear)
            since = 0
        codes.append(int(index))
        since += 1
    codes.append(end)
    value = length = 0
    out = bytearray()
    for code in codes:
        value |= code << length
        length += code_bits + 1
        while length >= 8:
            out.append(value & 255)
            value >>= 8
            length -= 8
    if length:
        out.append(value)
    blocks = b"".join(bytes([len(out[i:i + 255])]) + out[i:i + 255] for i in range(0, len(out), 255))
    return bytes([code_bits]) + blocks + b"\0"


def gif(canvas, frames, palette=None, background=0):
    """canvas: (width, height). frames: dicts of indices [h, w], left, top, palette, transparent, interlaced, lzw."""
    def colour_table(colours):
        bits = max(1, (len(colours) - 1).bit_length())
        return bits, b"".join(bytes(c) for c in colours) + bytes(3 * ((1 << bits) - len(colours)))

    bits, table = colour_table(palette) if palette is not None else (1, b"")
    out = b"GIF89a" + struct.pack("<HHBBB", *canvas, (0x80 if palette is not None else 0) | (bits - 1), background, 0)
    out += table
    for frame in frames:
        indices = frame["indices"]
        height, width = indices.shape
        if frame.get("transparent") is not None:
            out += b"!\xf9\x04" + struct.pack("<BHB", 1, 0, frame["transparent"]) + b"\0"
        flags, local = 0, b""
        if frame.get("palette") is not None:
            local_bits, local = colour_table(frame["palette"])
            flags = 0x80 | (local_bits - 1)
        if frame.get("interlaced"):
            flags |= 0x40
            indices = np.concatenate([indices[0::8], indices[4::8], indices[2::4], indices[1::2]])
        out += b"," + struct.pack("<HHHHB", frame.get("left", 0), frame.get("top", 0), width, height, flags) + local
        out += gif_lzw(indices.ravel(), 8)
    return out + b";"


# --- TIFF --------------------------------------------------------------------------------------------------------

def tiff(width, height, tags, segments, big_endian=False, big=False):
    """segments: the stored strips, or tiles where tags hold 322 (TileWidth). tags: {number: int or list}."""
    order = ">" if big_endian else "<"
    tiled = 322 in tags
    offset_type, offset_size = ("Q", 8) if big else ("I", 4)
    tags = {256: width, 257: height, **tags}
    header_bytes = 16 if big else 8
    offsets, position = [], header_bytes
    for segment in segments:
        offsets.append(position)
        position += len(segment) + len(segment) % 2
    tags[324 if tiled else 273] = offsets
    tags[325 if tiled else 279] = [len(segment) for segment in segments]
    body = b"".join(segment + bytes(len(segment) % 2) for segment in segments)
    entries, extra = b"", b""
    extra_at = position + ((8 + 20 * len(tags) + 8) if big else (2 + 12 * len(tags) + 4))
    for number in sorted(tags):
        values = tags[number] if isinstance(tags[number], (list, tuple)) else [tags[number]]
        short = number in (258, 259, 262, 266, 274, 277, 284, 317, 320, 332, 338, 339, 530)
        data = struct.pack(order + ("H" if short else "I") * len(values), *values)
        entries += struct.pack(order + "HH" + offset_type, number, 3 if short else 4, len(values))
        if len(data) <= offset_size:
            entries += data.ljust(offset_size, b"\0")
        else:
            entries += struct.pack(order + offset_type, extra_at + len(extra))
            extra += data + bytes(len(data) % 2)
    if big:
        head = (b"MM\0+" if big_endian else b"II+\0") + struct.pack(order + "HHQ", 8, 0, position)
        directory = struct.pack(order + "Q", len(tags)) + entries + bytes(8)
    else:
        head = (b"MM\0*" if big_endian else b"II*\0") + struct.pack(order + "I", position)
        directory = struct.pack(order + "H", len(tags)) + entries + bytes(4)
    return head + body + directory + extra


# --- WebP --------------------------------------------------------------------------------------------------------

def _riff_chunk(kind, data):
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def webp_animation(canvas, frames, background=b"\x10\x20\x30\xff", alpha=False):
    """frames: (left, top, width, height, still WebP bytes); left and top even."""
    def u24(value):
        return struct.pack("<I", value)[:3]

    body = _riff_chunk(b"VP8X", bytes([0x02 | (0x10 if alpha else 0), 0, 0, 0]) + u24(canvas[0] - 1) + u24(canvas[1] - 1))
    body += _riff_chunk(b"ANIM", background + b"\0\0")
    for left, top, width, height, still in frames:
        head = u24(left // 2) + u24(top // 2) + u24(width - 1) + u24(height - 1) + u24(100) + b"\0"
        body += _riff_chunk(b"ANMF", head + still[12:])
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
