#!/usr/bin/env bash
# Puts cargo-lambda-zip on the PATH of the steps that follow: the prebuilt binary of the release, if its checksum is
# right, else what cargo compiles.
#
# Runs under bash 3.2, which macOS has, and under Git's bash on Windows.
set -euo pipefail

version=${INPUT_VERSION#v}
if [ -z "$version" ]; then
    # That of the action: its Cargo.toml, whose first version is the package's.
    version=$(sed -n 's/^version = "\(.*\)"\r\{0,1\}$/\1/p' "$ACTION_PATH/Cargo.toml" | head -n 1)
fi

if [ "$(cargo-lambda-zip --version 2> /dev/null | tr -d '\r' | sed 's/.* //')" = "$version" ]; then
    echo "cargo-lambda-zip $version is there already"
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
    curl --fail --silent --show-error --location --retry 3 --output "$1" "$RELEASES/v$version/$1"
}

folder=$RUNNER_TEMP/cargo-lambda-zip-$version
mkdir -p "$folder/bin"
# Relative names from here on: tar takes what is before a colon, as in `D:\a`, for a host.
cd "$folder"
if [ -n "$target" ] && download "$archive" && download "$archive.sha256"; then
    expected=$(cut -d ' ' -f 1 "$archive.sha256" | tr -d '\r')
    if [ "$(sha256 "$archive")" != "$expected" ]; then
        echo "::error title=cargo lambda-zip::the checksum of $archive is not that of the release"
        exit 1
    fi
    case "$archive" in
        *.zip) unzip -q -o "$archive" ;;
        *) tar -xzf "$archive" ;;
    esac
    mv -f "$name"/cargo-lambda-zip* bin/
else
    echo "There is no prebuilt cargo-lambda-zip $version for $RUNNER_OS on $RUNNER_ARCH: cargo compiles it"
    cargo install --locked --version "$version" --root . cargo-lambda-zip
fi
echo "$folder/bin" >> "$GITHUB_PATH"
