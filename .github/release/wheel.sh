#!/usr/bin/env bash
# Builds the wheel for one target. The program for Linux is static, so its wheel is for every libc.
#
#   bash .github/release/wheel.sh TARGET [MATURIN'S ARGUMENTS]
set -euo pipefail

target=$1
shift
compatibility=()
case "$target" in
    *linux-musl) compatibility=(--compatibility manylinux_2_17 musllinux_1_2) ;;
esac
if ! [[ " $* " == *' --profile '* ]]; then
    set -- --release --out dist "$@"
fi
maturin build --target "$target" "${compatibility[@]+"${compatibility[@]}"}" "$@"
