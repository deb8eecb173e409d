//! On Windows too, output to a file or a pipe has no colours and no progress.

use test_support::Fixture;
use test_support::wine::on_windows;

const ESCAPE: &str = "\x1b[";

#[test]
#[ignore = "needs wine and the build for Windows"]
fn colours_go_to_a_pipe_only_on_request() {
    let fixture = Fixture::with_executable();
    // Large enough for a progress bar, if there were a console.
    fixture.write("data.bin", (0..17_000_000_u32).map(|i| (i >> 3).to_le_bytes()[1]).collect::<Vec<_>>());
    let plain = on_windows(&fixture, &["pack", "main", "data.bin"]).success();
    assert!(!plain.stderr.contains(ESCAPE) && !plain.stderr.contains("Compressing"), "{}", plain.stderr);
    let coloured = on_windows(&fixture, &["pack", "--color", "always", "main", "data.bin"]).success();
    assert!(coloured.stderr.contains(ESCAPE), "{}", coloured.stderr);
    for run in [&plain, &coloured] {
        assert!(run.stdout.trim_end().ends_with(r"\main.zip") && !run.stdout.contains(ESCAPE), "{}", run.stdout);
    }
    let here = fixture.run(&["pack", "--color", "always", "-o", "linux.zip", "main", "data.bin"]).success();
    assert_eq!(coloured.stderr, here.stderr);
}
