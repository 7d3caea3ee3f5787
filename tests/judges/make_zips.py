#!/usr/bin/env python3
"""Writes zip files as nobody should make them, and a few good ones, by Python's zipfile.

    make_zips.py FOLDER      FOLDER/<kind>.zip
"""
import io
import pathlib
import stat
import struct
import sys
import warnings
import zipfile

warnings.simplefilter("ignore")  # zipfile warns of the duplicate
FOLDER = pathlib.Path(sys.argv[1])


def save(kind, entries, compression=zipfile.ZIP_DEFLATED, edit=lambda data: data):
    """entries: (name or ZipInfo, content) pairs; `edit` changes the finished bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    (FOLDER / f"{kind}.zip").write_bytes(edit(buffer.getvalue()))


def special(name, mode):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (mode | 0o644) << 16
    return info


def replaced(old, new):
    assert len(old) == len(new)
    return lambda data: data.replace(old, new)


def encrypted_flag(data):
    """Sets bit 0 of the general purpose flags in every local header and central directory record."""
    data = bytearray(data)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.find(signature)
        while at >= 0:
            flags, = struct.unpack_from("<H", data, at + offset)
            struct.pack_into("<H", data, at + offset, flags | 1)
            at = data.find(signature, at + 4)
    return bytes(data)


def flip_byte_of(content):
    def edit(data):
        at = data.index(content)
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
    return edit


save("good", [("checked/a.png", b"one"), ("unchecked/b.png", b"two" * 1000), ("empty/", b"")])
save("stored", [("a.txt", b"plain")], zipfile.ZIP_STORED)
save("nothing", [])
save("junk", [("__MACOSX/._a.png", b"x"), ("checked/.DS_Store", b"x"), (".git/config", b"x"), ("checked/a.png", b"one"),
              ("checked/Thumbs.db", b"x")])
save("utf8_names", [("caf\u00e9/\u2713.png", b"x")])
# zipfile flags names that are not ASCII as UTF-8, so an ASCII one is exchanged for code page 437's "\u00e9\u00f1".
save("cp437_names", [("dir/QQ.png", b"x")], edit=replaced(b"QQ", b"\x82\xa4"))
save("absolute", [("/tmp/escaped.txt", b"x")])
save("parent", [("good.txt", b"x"), ("../escaped.txt", b"x")])
save("deep_parent", [("a/../../escaped.txt", b"x")])
save("windows_parent", [("..\\escaped.txt", b"x")])
save("symlink", [(special("link", stat.S_IFLNK), b"/etc/passwd"), ("link/x", b"x")])
save("inner_symlink", [("a.txt", b"x"), (special("link", stat.S_IFLNK), b"a.txt")])
save("device", [(special("null", stat.S_IFCHR), b"")])
save("pipe", [(special("pipe", stat.S_IFIFO), b"")])
save("duplicate", [("a.txt", b"one"), ("a.txt", b"two")])
save("file_and_folder", [("a", b"one"), ("a/b", b"two")])
save("control", [("aQb.png", b"x")], edit=replaced(b"aQb", b"a\nb"))
save("long_name", [("n" * 5000, b"x")])
save("deep", [("d/" * 60 + "a.png", b"x")])
save("encrypted", [("a.txt", b"secret")], zipfile.ZIP_STORED, encrypted_flag)
save("bad_crc", [("a.txt", b"the content")], zipfile.ZIP_STORED, flip_byte_of(b"the content"))
save("truncated", [("a.txt", bytes(range(256)) * 40)], zipfile.ZIP_STORED, lambda data: data[:3000])
save("bomb", [("a.bmp", bytes(3_000_000))])
save("many", [(f"{i}", b"") for i in range(50)])
save("lying_size", [("a.txt", bytes(3_000_000))],
     edit=lambda data: data.replace(struct.pack("<I", 3_000_000), struct.pack("<I", 10)))
