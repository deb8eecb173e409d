//! The environment that zig needs for cargo is computed once.

use std::fs;

use test_support::{Fixture, required, script};

use crate::witness::statuses;

#[test]
#[ignore = "needs ziglang"]
fn zigs_environment_is_cached_while_its_wrappers_exist() {
    let fixture = Fixture::package("greeter");
    let (zig, log) = (fixture.path("tools/zig"), fixture.path("calls.log"));
    let python = required("LAMBDA_ZIP_TEST_PYTHON");
    let (shown, python) = (log.display(), python.display());
    script(&zig, &format!("echo \"$1\" >> '{shown}'\nexec '{python}' -m ziglang \"$@\""));
    // The number of a run's calls of zig, without that for its version.
    let calls = |status: &str| {
        fs::write(&log, "").unwrap();
        let program = fixture.program().env("CARGO_ZIGBUILD_ZIG_PATH", &zig);
        let program = program.env("CARGO_ZIGBUILD_CACHE_DIR", fixture.path("cache"));
        let run = program.args(["--linker", "zig"]).run().success();
        assert_eq!(statuses(&run)[0], (status, "greeter"), "{run}");
        let log = fs::read_to_string(&log).unwrap();
        let (versions, others): (Vec<_>, Vec<_>) = log.lines().partition(|word| *word == "version");
        assert_eq!(versions.len(), 1, "{others:?}");
        others.len()
    };
    assert!(calls("Packaging") > 0);
    assert_eq!(calls("Fresh"), 0);
    fs::remove_dir_all(fixture.path("cache")).unwrap();
    assert!(calls("Fresh") > 0, "the wrappers are made again");
    assert_eq!(calls("Fresh"), 0);
}
