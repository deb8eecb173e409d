"""Writes zips of a function with Python's packages: python write.py BOOTSTRAP DIRECTORY"""
import datetime
import io
import pathlib
import sys
import zipfile

import stream_zip

bootstrap, out = pathlib.Path(sys.argv[1]).read_bytes(), pathlib.Path(sys.argv[2])
files = [
    ("bootstrap", bootstrap, 0o100755),
    ("conf/a.txt", b"the same again " * 200, 0o100644),
    ("empty", b"", 0o100644),
]


class Pipe(io.RawIOBase):
    """A target that cannot seek, so that zipfile writes the sizes after the data."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)

    def flush(self):
        self.file.flush()


def write_zipfile(name, target, method, force_zip64=False):
    with zipfile.ZipFile(target, "w", method) as archive:
        directory = zipfile.ZipInfo("conf/")
        directory.external_attr = 0o40755 << 16
        archive.writestr(directory, b"")
        for path, contents, mode in files:
            info = zipfile.ZipInfo(path, (2026, 11, 27, 12, 0, 0))
            info.external_attr = mode << 16
            info.compress_type = method
            with archive.open(info, "w", force_zip64=force_zip64) as file:
                file.write(contents)


for name, method in [("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)]:
    write_zipfile(name, out / f"zipfile-{name}.zip", method)
    write_zipfile(name, out / f"zipfile-{name}-zip64.zip", method, force_zip64=True)
    write_zipfile(name, Pipe(out / f"zipfile-{name}-streamed.zip"), method)

now = datetime.datetime(2026, 11, 27, 12)
for name, method in [
    ("deflated", stream_zip.ZIP_32),
    ("zip64", stream_zip.ZIP_64),
    ("auto", None),
    ("stored", stream_zip.NO_COMPRESSION_32),
]:
    def members():
        for path, contents, mode in files:
            how = stream_zip.ZIP_AUTO(len(contents)) if method is None else method
            yield path, now, mode, how, (contents,)

    (out / f"stream-zip-{name}.zip").write_bytes(b"".join(stream_zip.stream_zip(members())))
