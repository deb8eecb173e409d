"""Reads the zips named on standard input, and prints a line for each: `ok`, or why it was refused."""
import sys
import zipfile


def read(path):
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        return "ok" if damaged is None else f"{damaged!r} is damaged"
    except Exception as error:  # Whatever it raises, it has not read the zip.
        return f"{type(error).__name__} {error}"


for line in sys.stdin:
    print(read(line.rstrip("\n")).replace("\n", " ") or "refused", flush=True)
