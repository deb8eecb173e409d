//! The processor that Rust is compiled for, by the flag or in a manifest; `native` is refused.

use serde_json::Value;
use test_support::{Fixture, Program, Run};

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// The arguments and rustflags for cargo of a plan.
fn planned(program: Program) -> String {
    let report = program.args(["--dry-run", "--message-format", "json"]).run().success().json();
    let args: Vec<_> = report["cargo"]["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    format!("{} {}", args.join(" "), report["cargo"]["env"]["CARGO_ENCODED_RUSTFLAGS"])
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
fn the_table_of_a_binary_overrides_its_package_and_its_workspace() {
    let fixture = declared("target-cpu = \"lambda\"\nbin.refund.target-cpu = \"znver3\"\n");
    assert!(planned(fixture.program().args(["--bin", "refund"])).contains("-Ctarget-cpu=znver3"));

    let fixture = Fixture::workspace(&["one", "other"]);
    let manifest = std::fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    fixture.write("Cargo.toml", format!("{manifest}\n[workspace.metadata.lambda-zip]\ntarget-cpu = \"haswell\"\n"));
    assert!(planned(fixture.program()).contains("-Ctarget-cpu=haswell"));
    fixture.add_package("other", "other", "[package.metadata.lambda-zip]\ntarget-cpu = \"lambda\"\n");
    assert!(planned(fixture.program().args(["-p", "other"])).contains("-Ctarget-cpu=x86-64-v3"));
}

#[test]
fn one_build_has_one_processor() {
    let fixture = declared("bin.refund.target-cpu = \"lambda\"\n");
    insta::assert_snapshot!(fixture.run(&[]).snapshot());
    let fixture = declared("target-cpu = \"znver3\"\nbin.order.target-cpu = \"lambda\"\n");
    insta::assert_snapshot!(fixture.run(&[]).snapshot());
    assert!(!fixture.path("target").exists(), "something was built");
}

#[test]
fn a_processor_must_exist_and_be_one_of_lambdas() {
    let fixture = Fixture::package("plain");
    for cpu in ["native", "x86-64-v33", "lamda", "neoverse-n1"] {
        insta::assert_snapshot!(format!("flag_{cpu}"), fixture.run(&["--target-cpu", cpu]).snapshot());
    }
    for cpu in ["native", "neoverse-n1"] {
        let fixture = declared(&format!("target-cpu = \"{cpu}\"\n"));
        insta::assert_snapshot!(format!("manifest_{cpu}"), fixture.run(&[]).snapshot());
    }
}

const NATIVE: &str = "warning: `-C target-cpu=native` among the rustflags is the processor of this machine, and on Lambda's \
                      the function could crash with SIGILL; use `--target-cpu lambda` instead, the oldest processor that \
                      Lambda has";

#[track_caller]
fn warned(run: &Run, warning: &str) -> bool {
    assert!(!run.stderr.contains("native") || run.stderr.lines().any(|line| line == warning), "{run}");
    run.stderr.contains("native")
}

#[test]
fn native_in_the_users_rustflags_is_warned_of_from_every_source() {
    let fixture = Fixture::package("plain");
    let plan = || fixture.program().args(["--dry-run"]);
    let is_warned = |program: Program| warned(&program.run().success(), NATIVE);
    assert!(!is_warned(plan()));
    assert!(is_warned(plan().env("RUSTFLAGS", "-C target-cpu=native")));
    assert!(is_warned(plan().env("CARGO_ENCODED_RUSTFLAGS", "-g\x1f-Ctarget-cpu=native")));
    assert!(is_warned(plan().env("CARGO_BUILD_RUSTFLAGS", "-Ctarget-cpu=native")));
    let of_target = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS";
    assert!(is_warned(plan().env(of_target, "-Ctarget-cpu=native")));
    assert!(is_warned(plan().args(["--config", "build.rustflags=['-Ctarget-cpu=native']"])));

    for table in ["build", &format!("target.{TRIPLE}"), "target.'cfg(target_env = \"gnu\")'"] {
        fixture.write(".cargo/config.toml", format!("[{table}]\nrustflags = [\"-C\", \"target-cpu=native\"]\n"));
        assert!(is_warned(plan()), "{table}");
        assert!(!is_warned(plan().args(["--target-cpu", "lambda"])), "ours comes last, and wins");
        assert!(!is_warned(plan().env("RUSTFLAGS", "-Copt-level=2")), "cargo does not look at {table} then");
    }
}

#[test]
fn native_in_the_users_cflags_is_warned_of_where_c_is_compiled() {
    let warning = "warning: `-march=native` in `CFLAGS` is the processor of this machine, and on Lambda's the function could \
                   crash with SIGILL; remove it, or use a processor that Lambda has, such as `-march=x86-64-v3`";
    let is_warned = |fixture: &Fixture, flags: &[&str]| {
        let plan = fixture.program().args(["--dry-run"]).args(flags).env("CFLAGS", "-O2 -march=native");
        warned(&plan.run().success(), warning)
    };
    let ways = [&[][..], &["--libc", "gnu", "--linker", "system"], &["--target-cpu", "lambda"]];
    for flags in ways {
        assert!(!is_warned(&Fixture::package("plain"), flags), "{flags:?}: there is no C");
        assert!(is_warned(&Fixture::with_native_crate("native-sys", "cc", "fn main() {}\n"), flags), "{flags:?}");
    }
}
