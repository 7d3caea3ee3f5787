#!/usr/bin/env python3
"""Reads a TensorBoard event file record by record, checks every CRC, prints one JSON object per event.

Independent of the project's writer: written from tensorflow's record_writer.h and event.proto. Exit status 1, with the
reason on stderr, at the first byte that is not as the formats say.
"""
import json
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        if len(data) - at < 12:
            raise ValueError(f"half a record header at byte {at}")
        (length,) = struct.unpack_from("<Q", data, at)
        (length_crc,) = struct.unpack_from("<I", data, at + 8)
        if masked(data[at : at + 8]) != length_crc:
            raise ValueError(f"wrong CRC of the length at byte {at}")
        body = data[at + 12 : at + 12 + length]
        if len(data) < at + 16 + length:
            raise ValueError(f"half a record at byte {at}")
        (body_crc,) = struct.unpack_from("<I", data, at + 12 + length)
        if masked(body) != body_crc:
            raise ValueError(f"wrong CRC of the data at byte {at}")
        yield body
        at += 16 + length


def fields(message):
    """Protobuf wire format: (field number, value) with varints, 32 and 64 bit words as bytes, and byte strings."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 2: None, 5: 4}[kind]
        if size is None:
            size = varint()
        if at + size > len(message):
            raise ValueError("a field leaves its message")
        yield key >> 3, message[at : at + size]
        at += size


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    for body in records(data):
        out = {"step": 0}
        for number, value in fields(body):
            if number == 1:
                (out["wall_time"],) = struct.unpack("<d", value)
            elif number == 2:
                out["step"] = value
            elif number == 3:
                out["file_version"] = value.decode()
            elif number == 5:
                for _, summary_value in fields(value):
                    for inner, content in fields(summary_value):
                        if inner == 1:
                            out["tag"] = content.decode()
                        elif inner == 2:
                            (out["value"],) = struct.unpack("<f", content)
                        elif inner == 4:
                            image = dict(fields(content))
                            if image[4][:8] != b"\x89PNG\r\n\x1a\n":
                                raise ValueError("an image that is not PNG")
                            width, height = struct.unpack(">II", image[4][16:24])
                            if (width, height) != (image[2], image[1]):
                                raise ValueError("an image whose size is not its PNG's")
                            out["image"] = [height, width]
        print(json.dumps(out))


if __name__ == "__main__":
    try:
        main()
    except (ValueError, KeyError, IndexError, struct.error) as failure:
        print(f"{sys.argv[1]}: {failure}", file=sys.stderr)
        sys.exit(1)
