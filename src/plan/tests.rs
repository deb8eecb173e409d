use std::collections::BTreeMap;
use std::ffi::OsString;

use cargo_metadata::{Metadata, MetadataCommand};
use serde_json::{Value, json};
use time::Date;
use time::macros::date;

use super::*;
use crate::cargo::BuildOverrides;
use crate::cli;
use crate::linker::{Survey, TargetSurvey, ZigSurvey};
use lambda_zip_error::{exit_code, hints};

const GNU_X86_64: &str = "x86_64-unknown-linux-gnu";
const GNU_ARM64: &str = "aarch64-unknown-linux-gnu";

fn package(name: &str, targets: &[Value], features: &Value) -> Value {
    json!({
        "name": name, "version": "1.2.3", "id": format!("path+file:///w/{name}#1.2.3"), "license": null,
        "license_file": null, "description": null, "source": null, "dependencies": [], "targets": targets,
        "features": features, "manifest_path": format!("/w/{name}/Cargo.toml"), "metadata": null, "publish": null,
        "authors": [], "categories": [], "keywords": [], "readme": null, "repository": null, "homepage": null,
        "documentation": null, "edition": "2024", "links": null, "default_run": null, "rust_version": null
    })
}

fn target(kind: &str, name: &str, required_features: &[&str]) -> Value {
    json!({
        "kind": [kind], "crate_types": [if kind == "lib" { "lib" } else { "bin" }], "name": name,
        "src_path": format!("/w/{name}.rs"), "edition": "2024", "doc": true, "doctest": false, "test": true,
        "required-features": required_features
    })
}

/// Two packages with binaries, and a library; at the root of the workspace all are selected.
fn workspace() -> Metadata {
    let packages = [
        package(
            "orders",
            &[
                target("lib", "orders", &[]),
                target("bin", "list", &[]),
                target("bin", "create", &["write"]),
                target("test", "end_to_end", &[]),
                target("custom-build", "build-script-build", &[]),
                target("example", "demo", &[]),
            ],
            &json!({"default": [], "write": ["store/rw"], "all": ["write"]}),
        ),
        package("mail", &[target("bin", "send", &[])], &json!({})),
        package("common", &[target("lib", "common", &[])], &json!({})),
    ];
    let ids: Vec<_> = packages.iter().map(|package| package["id"].clone()).collect();
    let metadata = json!({
        "packages": packages, "workspace_members": ids, "workspace_default_members": ids, "resolve": null,
        "target_directory": "/w/target", "version": 1, "workspace_root": "/w", "metadata": null
    });
    MetadataCommand::parse(metadata.to_string()).unwrap()
}

fn survey() -> Survey {
    let installed = TargetSurvey { std_installed: true, ..TargetSurvey::default() };
    let compiler = Some("/usr/bin/cc".into());
    Survey {
        host: "x86_64-unknown-linux-gnu".into(),
        has_rust_lld: true,
        targets: BTreeMap::from([
            (GNU_X86_64.to_owned(), TargetSurvey { compiler, ..installed.clone() }),
            (GNU_ARM64.to_owned(), TargetSurvey::default()),
            ("x86_64-unknown-linux-musl".to_owned(), TargetSurvey::default()),
            ("aarch64-unknown-linux-musl".to_owned(), installed),
        ]),
        zig: ZigSurvey::Missing,
        graph: None,
        lockfile_is_missing: false,
    }
}

fn overrides() -> BuildOverrides {
    let env = BTreeMap::from([("CARGO_PROFILE_RELEASE_LTO".to_owned(), "fat".into())]);
    BuildOverrides::with(vec!["--config".into(), "x.y=1".into()], env)
}

fn plan_of(words: &str) -> Result<BuildPlan> {
    plan_in(words, false)
}

fn plan_in(words: &str, output_is_directory: bool) -> Result<BuildPlan> {
    plan_with(words, output_is_directory, overrides())
}

fn plan_with(words: &str, output_is_directory: bool, overrides: BuildOverrides) -> Result<BuildPlan> {
    plan_on(date!(2026 - 11 - 23), words, output_is_directory, overrides)
}

fn plan_on(today: Date, words: &str, output_is_directory: bool, overrides: BuildOverrides) -> Result<BuildPlan> {
    let args = std::iter::once("cargo-lambda-zip").chain(words.split_whitespace()).map(OsString::from);
    let arguments = cli::parse(args, None).unwrap().build;
    let context =
        BuildContext::for_tests(&arguments, today, workspace(), "/here", output_is_directory, survey(), overrides)?;
    plan(&context)
}

fn names(words: &str) -> Vec<String> {
    plan_of(words).unwrap().functions.into_iter().map(|planned| planned.function.name).collect()
}

fn paths(words: &str) -> Vec<String> {
    let plan = plan_in(words, words.contains("existing")).unwrap();
    plan.functions.iter().map(|planned| planned.path.to_string_lossy().replace('\\', "/")).collect()
}

fn refusal(words: &str) -> (u8, String, String) {
    let error = plan_of(words).unwrap_err();
    (exit_code(&error), error.to_string(), hints(&error).join("\n"))
}

#[test]
fn exactly_the_binaries_of_the_selected_packages_are_functions() {
    assert_eq!(names(""), ["send", "list"]);
    assert_eq!(names("-p orders"), ["list"]);
    assert_eq!(names("-p orders@1.2 -p mail"), ["send", "list"]);
    assert_eq!(names("-p m*"), ["send"]);
    assert_eq!(names("--workspace --exclude mail"), ["list"]);
    assert_eq!(names("--bin send"), ["send"]);
    assert_eq!(names("--bin s*"), ["send"]);
    assert_eq!(names("--bin [ls]*"), ["send", "list"]);
    assert_eq!(names("--example demo"), ["demo"]);
    assert_eq!(names("--examples --bins"), ["send", "demo", "list"]);
}

#[test]
fn binaries_without_their_required_features_are_skipped_and_listed() {
    for flags in ["--features write", "-F all", "--all-features", "--features orders/write"] {
        assert_eq!(names(&format!("-p orders {flags}")), ["create", "list"], "{flags}");
    }
    let skipped = plan_of("-p orders").unwrap().skipped;
    assert_eq!(skipped.len(), 1);
    assert_eq!((skipped[0].name.as_str(), &skipped[0].required_features[..]), ("create", &["write".to_owned()][..]));

    let (code, message, hint) = refusal("-p orders --bin create");
    assert_eq!((code, message.as_str()), (2, "`create` of `orders` needs features that are off: `write`"));
    assert_eq!(hint, "add `--features write`");
}

#[test]
fn unknown_names_are_refused_with_the_nearest_one() {
    for (words, message, hint) in [
        ("-p order", "`--package order` matches no package of this workspace", "did you mean `orders`?"),
        (
            "--workspace --exclude x",
            "`--exclude x` matches no package of this workspace",
            "the packages are `common`, `mail`, `orders`",
        ),
        ("--bin lst", "no binary `lst` in `orders`, `mail`, `common`", "did you mean `list`?"),
        ("-p orders --bin send", "no binary `send` in `orders`", "`send` is in `mail`: add `--package mail`"),
        ("--bin z*", "no binary `z*` in `orders`, `mail`, `common`", "the binaries are `create`, `list`, `send`"),
        ("--example dem", "no example `dem` in `orders`, `mail`, `common`", "did you mean `demo`?"),
        ("-p orders -F wrte", "`orders` has no feature `wrte`", "did you mean `write`?"),
        ("-p mail -F x/y", "`mail` has no feature `x/y`", "there are no features"),
        (
            "-p common",
            "no binary to package in `common`",
            "each binary becomes a function: add `src/main.rs`, or select another package with `--package`",
        ),
    ] {
        assert_eq!(refusal(words), (2, message.to_owned(), hint.to_owned()), "{words}");
    }
}

#[test]
fn zips_go_where_deployment_setups_look() {
    assert_eq!(paths("-p mail"), ["/w/target/lambda/send/bootstrap.zip"]);
    assert_eq!(paths("-p mail --target-dir out"), ["/here/out/lambda/send/bootstrap.zip"]);
    assert_eq!(
        paths("-p mail --arch arm64,x86_64"),
        ["/w/target/lambda/arm64/send/bootstrap.zip", "/w/target/lambda/x86_64/send/bootstrap.zip"]
    );
}

#[test]
fn output_is_a_file_a_directory_or_a_template() {
    assert_eq!(paths("-p mail -o f.zip"), ["/here/f.zip"]);
    assert_eq!(paths("-p mail -o /abs/f.zip"), ["/abs/f.zip"]);
    assert_eq!(paths("-p mail -o out/"), ["/here/out/send/bootstrap.zip"]);
    assert_eq!(paths("-p mail -o existing"), ["/here/existing/send/bootstrap.zip"]);
    assert_eq!(
        paths("-p mail -o {package}-{version}/{function}.{arch}.{runtime}.zip"),
        ["/here/mail-1.2.3/send.x86_64.provided.al2023.zip"]
    );
    for template in ["{binary}.zip", "{function.zip", "function}.zip", "{}.zip"] {
        assert_eq!(refusal(&format!("-p mail -o {template}")).0, 2, "{template}");
    }
}

#[test]
fn two_zips_on_one_path_are_refused() {
    let (code, message, _) = refusal("-o out.zip");
    assert_eq!(code, 2);
    assert!(message.starts_with("`send` for x86_64 and `list` for x86_64 would both be written to `"), "{message}");
    assert_eq!(refusal("-p mail --arch arm64,x86_64 -o {function}.zip").0, 2);
    assert_eq!(paths("-p mail --arch arm64,arm64 -o {function}.zip"), ["/here/send.zip"]);
}

#[test]
fn one_cargo_command_builds_everything() {
    let plan = plan_of("-p orders -p mail --arch x86_64,arm64 -F write --locked -- --future-incompat-report").unwrap();
    let args: Vec<_> = plan.cargo.args.iter().map(|arg| arg.to_str().unwrap()).collect();
    assert_eq!(
        args.join(" "),
        "build --profile release --target x86_64-unknown-linux-gnu --target aarch64-unknown-linux-gnu --package \
         mail@1.2.3 --package orders@1.2.3 --bin send --bin create --bin list --features write --locked --config x.y=1 \
         --future-incompat-report"
    );
    let env: Vec<_> = plan.cargo.env.iter().map(|(name, value)| format!("{name}={}", value.display())).collect();
    assert_eq!(env, ["CARGO_ENCODED_RUSTFLAGS=-Clinker=cargo-lambda-zip-cc", "CARGO_PROFILE_RELEASE_LTO=fat"]);
}

#[test]
fn only_missing_targets_are_installed() {
    let installed = |words: &str, builds_std: bool| {
        let mut overrides = overrides();
        overrides.builds_std = builds_std;
        plan_with(words, false, overrides).unwrap().install_targets
    };
    assert_eq!(installed("--arch x86_64,arm64", false), [GNU_ARM64]);
    assert_eq!(installed("--libc musl", false), ["x86_64-unknown-linux-musl"]);
    assert_eq!(installed("--libc musl", true), ["x86_64-unknown-linux-musl"]);
    assert!(installed("--arch arm64", true).is_empty());
}

#[test]
fn cargo_finds_the_system_compiler_itself() {
    let plan = plan_of("--linker system").unwrap();
    assert!(!plan.cargo.to_string().to_lowercase().contains("linker"), "{}", plan.cargo);
    assert_eq!(refusal("--linker system --arch arm64").0, 96);
}

#[test]
fn a_runtime_without_updates_is_refused() {
    let error = plan_on(date!(2027 - 03 - 03), "-p mail --runtime go1.x", false, overrides()).unwrap_err();
    assert_eq!((exit_code(&error), hints(&error).join("\n").contains("provided.al2023")), (2, true), "{error}");
    for runtime in ["go1.x", "provided.al2"] {
        let plan = plan_of(&format!("-p mail --runtime {runtime}")).unwrap();
        assert!(plan.warnings()[0].contains("deprecated"), "{:?}", plan.warnings());
    }
}

#[test]
fn flags_of_the_plan_are_refused_after_the_dashes() {
    for flag in ["--target=x", "--release", "-p", "-pmail", "--features", "--message-format=json"] {
        let (code, message, _) = refusal(&format!("-p mail -- {flag}"));
        assert_eq!(code, 2, "{message}");
    }
    assert!(plan_of("-p mail -- --future-incompat-report").is_ok());
}
