#!/usr/bin/env python3
"""Writes `symbols.txt`, the table from which the stub libraries are made. See README.md for its sources and its format.

    generate.py --abilists FILE --debian VERSION:ARCH:DIR… > symbols.txt

FILE is `lib/libc/glibc/abilists` of PyPI's `ziglang`. DIR holds Debian's `libc6` and `libgcc-s1` as `dpkg -x` unpacks
them, of the glibc VERSION for ARCH (`amd64` or `arm64`). Each VERSION has to be given for both architectures.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys

OLDEST = 17
LIBRARIES = {
    "c": "libc.so.6",
    "m": "libm.so.6",
    "pthread": "libpthread.so.0",
    "dl": "libdl.so.2",
    "rt": "librt.so.1",
    "util": "libutil.so.1",
    "resolv": "libresolv.so.2",
    "ld": "ld.so",
}
LIBGCC = "libgcc_s.so.1"
LOADERS = {"amd64": "ld-linux-x86-64.so.2", "arm64": "ld-linux-aarch64.so.1"}
ARCHITECTURES = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
# The version of most symbols: the glibc that brought the architecture.
BASELINES = {"amd64": (2, 5), "arm64": (17, 0)}
# glibc 2.34 moved these libraries into libc. Stubs without symbols are what is left of them.
EMPTIED = {"pthread": 34, "dl": 34, "rt": 34, "util": 34}

# Since which glibc new programs can no longer link a symbol, as the release notes of glibc say. What is not listed here
# is dated by the first of the Debian releases that shows it.
RETIRED = {
    17: "__ctype_b __ctype_tolower __ctype_toupper __ctype32_b __ctype32_tolower __ctype32_toupper _obstack _res "
    "__secure_getenv clock_getcpuclockid clock_getres clock_gettime clock_nanosleep clock_settime pthread_atfork",
    20: "pthread:vfork pthread:__vfork",
    21: "sigvec",
    22: "pthread:fork pthread:__fork pthread:system pthread:longjmp pthread:siglongjmp",
    23: "loc1 loc2 locs step advance",
    24: "__malloc_initialize_hook",
    25: "malloc_get_state malloc_set_state",
    26: "cfree",
    27: "_LIB_VERSION matherr pow10 pow10f pow10l",
    28: "bdflush create_module get_kernel_syms query_module uselib nfsservctl ustat llseek cbc_crypt ecb_crypt "
    "des_setparity pthread:fcntl pthread:__fcntl",
    30: "fattach fdetach getmsg getpmsg putmsg putpmsg isastream",
    32: "sys_errlist _sys_errlist sys_nerr _sys_nerr sys_siglist _sys_siglist sys_sigabbrev sysctl __sysctl "
    "xdr_* clnt* svc* auth* pmap_* key_* __rpc_* xprt_* *net2* *2netname get_myaddress getnetname getpublickey "
    "getsecretkey getrpcport callrpc registerrpc rpc_createerr rtime xdecrypt xencrypt passwd2des _null_auth "
    "_authenticate _seterr_reply _rpc_dtablesize __key_* netname2*",
    34: "__malloc_hook __free_hook __realloc_hook __memalign_hook __after_morecore_hook __morecore __default_morecore "
    "mallwatch tr_break",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--abilists", required=True)
    parser.add_argument("--debian", nargs="+", required=True)
    arguments = parser.parse_args()

    newest, nodes = read_abilists(arguments.abilists)
    debian = collections.defaultdict(dict)
    for given in arguments.debian:
        version, arch, directory = given.split(":", 2)
        debian[arch][int(version.removeprefix("2."))] = pathlib.Path(directory)

    table = {library: collections.defaultdict(dict) for library in [*LIBRARIES.values(), LIBGCC]}
    aliases = {}
    for arch in ARCHITECTURES:
        truth = {}
        for release, directory in sorted(debian[arch].items()):
            for library, so in LIBRARIES.items():
                path = find(directory, LOADERS[arch] if library == "ld" else so)
                truth[release, library] = read_library(path)
                aliases.update(find_aliases(path))
        for (library, name), specification in describe(arch, nodes[arch], truth).items():
            table[LIBRARIES[library]][name][arch] = specification
        newest_gcc = debian[arch][max(debian[arch])]
        for (name, version), is_default in sorted(read_library(find(newest_gcc, LIBGCC), "(GCC|GLIBC)_").items()):
            size = 16 if name == "__cpu_model" else None
            text = node(version, size=size, retired=None if is_default else 0)
            former = table[LIBGCC][name].get(arch)
            table[LIBGCC][name][arch] = f"{former},{text}" if former else text

    print(f"# Made by generate.py, which README.md explains; not to be edited.\nglibc 2.{OLDEST} 2.{newest}")
    for library, symbols in table.items():
        print(f"library {library}")
        for name in sorted(symbols):
            print(line(library, name, aliases.get(name), symbols[name]))


def line(library, name, alias, specifications):
    columns = [specifications.get(arch, "-") for arch in ARCHITECTURES]
    if library != LIBGCC:
        defaults = [node(version) for version in BASELINES.values()]
        while columns and columns[-1] == defaults[len(columns) - 1]:
            columns.pop()
    return " ".join([f"{name}={alias}" if alias else name, *columns])


def node(version, size=None, since=None, until=None, retired=None):
    if isinstance(version, tuple):
        minor, patch = version
        version = f"{minor}.{patch}" if patch else str(minor)
    text = version
    for mark, value in (("#", size), ("+", since), ("-", until), ("~", retired)):
        if value is not None:
            text += f"{mark}{value}"
    return text


def describe(arch, nodes, truth):
    """What the table says of each symbol of an architecture: the versions that it has, and the glibc releases in which
    each of them is there and can be linked."""
    releases = sorted({release for release, _ in truth})
    versions = collections.defaultdict(dict)
    for library, name, size, found in nodes:
        for version in found:
            versions[library, name][version] = {"size": size}
    add_moved(versions, truth, releases)
    for (library, name), found in versions.items():
        for version, facts in found.items():
            first = max(OLDEST, version[0], facts.get("since", 0))
            seen = [release for release in releases if release >= first and library_has_symbols(library, release)]
            gone = [release for release in seen if (name, version) not in truth[release, library]]
            if gone:
                facts["until"] = gone[0] if gone[0] < 34 else 34
                assert gone == [release for release in seen if release >= gone[0]], (library, name, version)
        newest = {release: max((v for v in found if v[0] <= release), default=None) for release in releases}
        for version, facts in found.items():
            compat = [
                release
                for release in releases
                if newest[release] == version and truth[release, library].get((name, version)) is False
            ]
            if compat and "since" not in facts:
                facts["retired"] = retirement(library, name, compat[0], version)
    return {
        key: ",".join(node(version, **facts) for version, facts in sorted(found.items()))
        for key, found in versions.items()
    }


def add_moved(versions, truth, releases):
    """Symbols that libc took over from another library, where they stay under their old version for old programs."""
    for release in releases:
        for (name, version), is_default in truth[release, "c"].items():
            found = versions["c", name]
            if version in found:
                continue
            assert not is_default, (name, version)
            later = [other[0] for other in found if other > version and "since" not in found[other]]
            since = max(OLDEST, min(later)) if later else 34
            size = None
            found[version] = {"size": size, "since": since, "retired": 0}


def library_has_symbols(library, release):
    return release < EMPTIED.get(library, 1000)


def retirement(library, name, observed, version):
    for release, names in RETIRED.items():
        for pattern in names.split():
            owner, _, symbol = pattern.rpartition(":")
            if owner in ("", library) and re.fullmatch(symbol.replace("*", ".*"), name):
                return release if release > OLDEST else 0
    if name.endswith("_version_placeholder"):
        return 0
    # New symbols that never were to be linked.
    if version[0] >= max(OLDEST + 1, observed - 1):
        return 0
    return {36: 34}.get(observed, observed)


def read_abilists(path):
    """The newest glibc, and for each architecture (library, symbol, size, versions)."""
    data = pathlib.Path(path).read_bytes()
    position = 0

    def byte():
        nonlocal position
        position += 1
        return data[position - 1]

    def number():
        value = shift = 0
        while True:
            part = byte()
            value |= (part & 0x7F) << shift
            shift += 7
            if not part & 0x80:
                return value

    def string():
        nonlocal position
        end = data.index(0, position)
        text = data[position:end].decode()
        position = end + 1
        return text

    libraries = [string() for _ in range(byte())]
    assert set(libraries) == set(LIBRARIES), libraries
    glibcs = [(byte(), byte(), byte()) for _ in range(byte())]
    targets = [string() for _ in range(byte())]
    result = {arch: [] for arch in ARCHITECTURES}
    for is_sized in (False, True):
        count = byte() | byte() << 8
        name = None
        for _ in range(count):
            name = name or string()
            members = number()
            size = number() if is_sized else None
            library = byte()
            versions = []
            while True:
                index = byte()
                versions.append(glibcs[index & 0x7F][1:])
                if index & 0x80:
                    break
            for arch, target in ARCHITECTURES.items():
                if members >> targets.index(target) & 1:
                    result[arch].append((libraries[library & 0x7F], name, size, versions))
            if library & 0x80:
                name = None
    return glibcs[-1][1], result


def find(directory, name):
    found = sorted(directory.rglob(name))
    if not found:
        sys.exit(f"no {name} in {directory}")
    return found[0]


def rows(path):
    output = subprocess.run(["readelf", "-W", "--dyn-syms", path], check=True, capture_output=True, text=True).stdout
    for text in output.splitlines():
        columns = text.split()
        if len(columns) >= 8 and columns[6] not in ("UND", "ABS") and "@" in columns[7]:
            name, _, version = columns[7].partition("@")
            yield columns, name, version.removeprefix("@"), version.startswith("@")


def read_library(path, pattern="GLIBC_2"):
    """Whether a symbol is the default of its name, by (symbol, version)."""
    result = {}
    for _, name, version, is_default in rows(path):
        if re.match(pattern, version) and name != version:
            if pattern == "GLIBC_2":
                _, minor, patch = (version.removeprefix("GLIBC_") + ".0").split(".")[:3]
                version = (int(minor), int(patch))
            result[name, version] = is_default
    return result


def find_aliases(path):
    """Names of one and the same object. A program that copies the object has to copy it for all of them."""
    places = collections.defaultdict(set)
    for columns, name, version, _ in rows(path):
        if columns[3] == "OBJECT" and version.startswith("GLIBC_2"):
            places[columns[1]].add(name)
    result = {}
    for names in places.values():
        first, *others = sorted(names)
        result.update({other: first for other in others})
    return result


if __name__ == "__main__":
    main()
