"""Prints every entry of a zip: name, mode, SHA-256 of the contents."""
import hashlib
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    for entry in archive.infolist():
        digest = hashlib.sha256(archive.read(entry)).hexdigest()
        print(entry.filename, oct(entry.external_attr >> 16)[2:], digest, sep="\t")
