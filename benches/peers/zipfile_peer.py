"""Packs files and directories with Python's zipfile module: python3 zipfile_peer.py ZIP MEMBER..."""

import os
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for member in sys.argv[2:]:
        if os.path.isfile(member):
            archive.write(member)
        for folder, _, names in os.walk(member):
            for name in sorted(names):
                archive.write(os.path.join(folder, name))
