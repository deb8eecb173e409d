# An image for CI systems: Rust, the standard libraries of Lambda's targets, and cargo-lambda-zip.
#
#     docker build --tag cargo-lambda-zip .
#     docker run --rm --volume "$PWD:/work" cargo-lambda-zip --arch arm64
#
# Every version of Rust since `rust-version` in Cargo.toml works.
ARG RUST=1

FROM docker.io/library/rust:${RUST}-slim AS build
WORKDIR /source
COPY . .
RUN cargo install --locked --path . --root /installed

FROM docker.io/library/rust:${RUST}-slim
RUN rustup target add \
        x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl
COPY --from=build /installed/bin/cargo-lambda-zip /usr/local/cargo/bin/
WORKDIR /work
ENTRYPOINT ["cargo", "lambda-zip"]
