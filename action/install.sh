#!/usr/bin/env bash
# Puts cargo-lambda-zip on PATH for the following steps. Uses the one that the cache of the workflow has, else the binary of
# the release if there is one for this runner and its checksum matches, else compiles with cargo: the sources of the action
# or, for another version, its tag.
#
# Must run with bash 3.2 (macOS) and Git's bash (Windows).
set -euo pipefail

# The version of the action. The first `version` in Cargo.toml is the package's.
own_version=$(sed -n 's/^version = "\(.*\)"\r\{0,1\}$/\1/p' "$ACTION_PATH/Cargo.toml" | head -n 1)
version=${INPUT_VERSION#v}
version=${version:-$own_version}

is_installed() {
    [ "$("$1" --version 2> /dev/null | tr -d '\r' | sed 's/.* //')" = "$version" ]
}

if is_installed cargo-lambda-zip; then
    echo "cargo-lambda-zip $version is already installed"
    exit
fi
if is_installed "$TOOL_DIRECTORY/bin/cargo-lambda-zip"; then
    echo "cargo-lambda-zip $version is in the cache"
    echo "$TOOL_DIRECTORY/bin" >> "$GITHUB_PATH"
    exit
fi

case "$RUNNER_OS-$RUNNER_ARCH" in
    Linux-X64) target=x86_64-unknown-linux-musl ;;
    Linux-ARM64) target=aarch64-unknown-linux-musl ;;
    macOS-X64) target=x86_64-apple-darwin ;;
    macOS-ARM64) target=aarch64-apple-darwin ;;
    Windows-X64) target=x86_64-pc-windows-msvc ;;
    *) target= ;;
esac
name=cargo-lambda-zip-v$version-$target
case "$RUNNER_OS" in
    Windows) archive=$name.zip ;;
    *) archive=$name.tar.gz ;;
esac

sha256() {
    if command -v sha256sum > /dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

download() {
    curl --fail --silent --show-error --location --retry 3 --output "$1" "$REPOSITORY/releases/download/v$version/$1"
}

directory=$TOOL_DIRECTORY
mkdir -p "$directory/bin"
# Use relative names from here on: tar treats the part before a colon, as in `D:\a`, as a host.
cd "$directory"
if [ -n "$target" ] && download "$archive" && download "$archive.sha256"; then
    expected=$(cut -d ' ' -f 1 "$archive.sha256" | tr -d '\r')
    if [ "$(sha256 "$archive")" != "$expected" ]; then
        echo "::error title=cargo lambda-zip::the checksum of $archive does not match the release"
        exit 1
    fi
    case "$archive" in
        *.zip) unzip -q -o "$archive" ;;
        *) tar -xzf "$archive" ;;
    esac
    mv -f "$name"/cargo-lambda-zip* bin/
else
    echo "no prebuilt cargo-lambda-zip $version for $RUNNER_OS on $RUNNER_ARCH; compiling it with cargo"
    if [ "$version" = "$own_version" ]; then
        source=(--path "$ACTION_PATH")
    else
        source=(--git "$REPOSITORY" --tag "v$version" cargo-lambda-zip)
    fi
    cargo install --locked --root . "${source[@]}"
fi
echo "$directory/bin" >> "$GITHUB_PATH"
