#!/bin/sh
# Installs the cargo-lambda-zip @VERSION@ of the release that this script belongs to.
#
#   sh install.sh [DIRECTORY]      by default the directory in which cargo keeps programs
set -eu

repository=@REPOSITORY@
version=@VERSION@
directory=${1:-${CARGO_HOME:-$HOME/.cargo}/bin}

fail() {
    echo "error: $1" >&2
    echo "hint: $2" >&2
    exit 1
}

case "$(uname -s)-$(uname -m)" in
    Linux-x86_64 | Linux-amd64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
    Darwin-x86_64) target=x86_64-apple-darwin ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    *) fail "there is no prebuilt cargo-lambda-zip for $(uname -s) on $(uname -m)" \
        "run \`cargo install --locked --git $repository --tag v$version cargo-lambda-zip\`" ;;
esac

name=cargo-lambda-zip-v$version-$target
address=$repository/releases/download/v$version/$name.tar.gz
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

download() {
    curl --fail --silent --show-error --location --retry 3 --output "$scratch/$2" "$1" ||
        fail "failed to download $1" "check the network, or download the archive from $repository/releases"
}

download "$address" archive
download "$address.sha256" checksum
expected=$(cut -d ' ' -f 1 "$scratch/checksum")
if command -v sha256sum > /dev/null; then
    found=$(sha256sum "$scratch/archive")
else
    found=$(shasum -a 256 "$scratch/archive")
fi
if [ "${found%% *}" != "$expected" ]; then
    fail "the checksum of $name.tar.gz does not match the release" 'try again; if it stays, report it'
fi
tar -xzf "$scratch/archive" -C "$scratch"
mkdir -p "$directory"
# A program that runs cannot be written to, but it can be replaced.
mv -f "$scratch/$name/cargo-lambda-zip" "$directory/cargo-lambda-zip"
echo "installed $directory/cargo-lambda-zip"
case ":$PATH:" in
    *":$directory:"*) ;;
    *) echo "add $directory to PATH, so that cargo finds it" ;;
esac
