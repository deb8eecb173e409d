//! The processor that Rust is compiled for: by the flag or in a manifest, and the one that must not be.

use serde_json::Value;

use crate::advice::helped;
use crate::support::{Fixture, Program, Run};

const MUSL: &str = "x86_64-unknown-linux-musl";

/// The arguments for cargo of a plan.
fn planned(program: Program) -> String {
    let report = program.args(["--dry-run", "--message-format", "json"]).run().success().json();
    let args: Vec<_> = report["cargo"]["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    args.join(" ")
}

/// A package with two binaries and these lines of our table.
fn declared(table: &str) -> Fixture {
    let fixture = Fixture::with_bins("shop", &["order", "refund"]);
    fixture.add_package(".", "shop", &format!("[package.metadata.lambda-zip]\n{table}"));
    fixture
}

#[test]
fn a_manifest_names_the_processor() {
    let fixture = declared("target-cpu = \"lambda\"\n");
    assert!(planned(fixture.program()).contains("-Ctarget-cpu=x86-64-v3"));
    assert!(planned(fixture.program().args(["--arch", "arm64"])).contains("-Ctarget-cpu=neoverse-n1"));
    assert!(
        planned(fixture.program().args(["--target-cpu", "znver3"])).contains("-Ctarget-cpu=znver3"),
        "the flag wins"
    );
}

#[test]
fn the_table_of_a_binary_goes_before_that_of_its_package_and_of_its_workspace() {
    let fixture = declared("target-cpu = \"lambda\"\nbin.refund.target-cpu = \"znver3\"\n");
    assert!(planned(fixture.program().args(["--bin", "refund"])).contains("-Ctarget-cpu=znver3"));

    let fixture = Fixture::workspace(&["one", "other"]);
    let manifest = std::fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    fixture.write("Cargo.toml", &format!("{manifest}\n[workspace.metadata.lambda-zip]\ntarget-cpu = \"haswell\"\n"));
    assert!(planned(fixture.program()).contains("-Ctarget-cpu=haswell"));
    fixture.add_package("other", "other", "[package.metadata.lambda-zip]\ntarget-cpu = \"lambda\"\n");
    assert!(planned(fixture.program().args(["-p", "other"])).contains("-Ctarget-cpu=x86-64-v3"));
}

const APART: &str = "build them one by one with `--bin` or `--package`, or give all of them `--target-cpu`";
const TOGETHER: &str = "a `target-cpu` in `[workspace.metadata.lambda-zip]` holds for all that name none";

#[test]
fn one_build_has_one_processor() {
    let fixture = declared("bin.refund.target-cpu = \"lambda\"\n");
    fixture.run(&[]).is_refused(
        96,
        "`refund` of `shop` asks for the processor `lambda`, `order` of `shop` asks for none: one build compiles for one \
         processor",
        &[APART, TOGETHER],
    );
    let fixture = declared("target-cpu = \"znver3\"\nbin.order.target-cpu = \"lambda\"\n");
    fixture.run(&[]).is_refused(
        96,
        "`order` of `shop` wants the processor `lambda`, `refund` of `shop` wants the processor `znver3`: one build \
         compiles for one processor",
        &[APART, TOGETHER],
    );
    assert!(!fixture.path("target").exists(), "something was built");
}

#[test]
fn a_processor_has_to_exist_and_to_be_lambdas() {
    let native = "the processor `native` is that of the machine that builds: on another one of Lambda's the function could \
                  end with SIGILL";
    let lambda = "take `lambda`, the oldest processor that Lambda has";
    let fixture = Fixture::package("plain");
    fixture.run(&["--target-cpu", "native"]).is_refused(2, native, &[lambda]);
    fixture.run(&["--target-cpu", "x86-64-v33"]).is_refused(
        2,
        &format!("`{MUSL}` has no processor `x86-64-v33`"),
        &["did you mean `x86-64-v3`?"],
    );
    let slip = format!("`{MUSL}` has no processor `lamda`");
    fixture.run(&["--target-cpu", "lamda"]).is_refused(2, &slip, &["did you mean `lambda`?"]);
    let names =
        format!("`rustc --print target-cpus --target {MUSL}` lists them, `lambda` stands for the oldest of Lambda's");
    let unknown = format!("`{MUSL}` has no processor `neoverse-n1`");
    fixture.run(&["--target-cpu", "neoverse-n1"]).is_refused(2, &unknown, &[&names]);

    let in_manifest = |cpu: &str| {
        let fixture = declared(&format!("target-cpu = \"{cpu}\"\n"));
        let key = format!("`package.metadata.lambda-zip.target-cpu` in `{}`", fixture.path("Cargo.toml").display());
        (fixture.run(&[]), key)
    };
    let (run, key) = in_manifest("native");
    run.is_refused(96, &format!("{key}: {native}"), &[lambda]);
    let (run, key) = in_manifest("neoverse-n1");
    run.is_refused(96, &format!("{key}: {unknown}"), &[&names]);
}

const NATIVE: &str = "warning: `-C target-cpu=native` among the rustflags is that of the machine that builds: on another \
                      one of Lambda's the function could end with SIGILL; `--target-cpu lambda` in its place takes the \
                      oldest that Lambda has";

#[track_caller]
fn warned(run: &Run, warning: &str) -> bool {
    assert!(!run.stderr.contains("native") || run.stderr.lines().any(|line| line == warning), "{run}");
    run.stderr.contains("native")
}

#[test]
fn the_users_own_native_is_warned_of_whichever_source_it_comes_from() {
    let fixture = Fixture::package("plain");
    let plan = || fixture.program().args(["--dry-run"]);
    let is_warned = |program: Program| warned(&program.run().success(), NATIVE);
    assert!(!is_warned(plan()));
    assert!(is_warned(plan().env("RUSTFLAGS", "-C target-cpu=native")));
    assert!(is_warned(plan().env("CARGO_ENCODED_RUSTFLAGS", "-g\x1f-Ctarget-cpu=native")));
    assert!(is_warned(plan().env("CARGO_BUILD_RUSTFLAGS", "-Ctarget-cpu=native")));
    let of_target = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS";
    assert!(is_warned(plan().env(of_target, "-Ctarget-cpu=native")));
    assert!(is_warned(plan().args(["--config", "build.rustflags=['-Ctarget-cpu=native']"])));

    for table in ["build", &format!("target.{MUSL}"), "target.'cfg(target_env = \"musl\")'"] {
        fixture.write(".cargo/config.toml", &format!("[{table}]\nrustflags = [\"-C\", \"target-cpu=native\"]\n"));
        assert!(is_warned(plan()), "{table}");
        assert!(!is_warned(plan().args(["--target-cpu", "lambda"])), "ours comes last, and wins");
        assert!(!is_warned(plan().env("RUSTFLAGS", "-Copt-level=2")), "cargo does not look at {table} then");
    }
}

#[test]
fn so_is_that_of_c_where_c_is_compiled() {
    let warning = "warning: `-march=native` in `CFLAGS` is that of the machine that builds: on another one of Lambda's the \
                   function could end with SIGILL; take it out, or name a processor that Lambda has, such as \
                   `-march=x86-64-v3`";
    let is_warned = |fixture: &Fixture, flags: &[&str]| {
        let plan = fixture.program().args(["--dry-run"]).args(flags).env("CFLAGS", "-O2 -march=native");
        warned(&plan.run().success(), warning)
    };
    let ways = [&[][..], &["--libc", "gnu", "--linker", "system"], &["--target-cpu", "lambda"]];
    for flags in ways {
        assert!(!is_warned(&Fixture::package("plain"), flags), "{flags:?}: there is no C");
        assert!(is_warned(&helped("native-sys", "cc", "fn main() {}\n"), flags), "{flags:?}");
    }
}
