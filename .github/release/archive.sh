#!/usr/bin/env bash
# Writes the release archive for one target, and its checksum, to dist/. action/install.sh and `[package.metadata.binstall]`
# expect these names.
#
#   bash .github/release/archive.sh TARGET
set -euo pipefail

target=$1
version=$(sed -n 's/^version = "\(.*\)"\r\{0,1\}$/\1/p' Cargo.toml | head -n 1)
name=cargo-lambda-zip-v$version-$target
built=${CARGO_TARGET_DIR:-target}/$target/release

rm -rf "dist/$name"
mkdir -p "dist/$name"
case "$target" in
    *windows*) cp "$built/cargo-lambda-zip.exe" "dist/$name" ;;
    *) cp "$built/cargo-lambda-zip" "dist/$name" ;;
esac
cp README.md CHANGELOG.md LICENSE-* "dist/$name"

cd dist
case "$target" in
    *windows*)
        archive=$name.zip
        rm -f "$archive"
        7z a -bso0 -bsp0 "$archive" "$name"
        ;;
    *)
        archive=$name.tar.gz
        tar -czf "$archive" "$name"
        ;;
esac
rm -rf "$name"
if command -v sha256sum > /dev/null; then sha256sum "$archive"; else shasum -a 256 "$archive"; fi > "$archive.sha256"
cat "$archive.sha256"
