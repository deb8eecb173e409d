//! Each message on the page for troubleshooting is one that the program prints, and the tests make it print each of them.

use std::env::consts::ARCH;
use std::iter;

use test_support::{Computer, Fixture, Run, Toolchain, script};

use crate::page::page;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// A machine with a toolchain for Lambda, a `cc` for the machine itself and nothing else.
fn bare_machine(fixture: &Fixture, targets: &[&str]) -> Computer {
    let computer = Toolchain::current().with_targets_only(targets, fixture);
    script(&computer.bin.join("cc"), "PATH=/usr/bin:/bin exec cc \"$@\"");
    computer
}

/// Runs that print the messages of the page.
fn troubles() -> Vec<Run> {
    [planning(), building(), packaging()].into_iter().flatten().collect()
}

fn planning() -> Vec<Run> {
    let package = Fixture::package("greeter");
    let bare = bare_machine(&package, &[]);
    let on_bare = |args: &[&str]| bare.program(&package).env("HOME", package.path("home")).args(args).run();
    let other = if ARCH == "x86_64" { "aarch64" } else { "x86_64" };
    let library = Fixture::empty();
    library.add_package(".", "toolbox", "");
    library.write("src/lib.rs", "");
    vec![
        without_rust_lld(&["--arch", other, "--libc", "gnu"]),
        without_rust_lld(&["--linker", "built-in"]),
        on_bare(&["--arch", other, "--libc", "musl"]),
        with_c_and_no_compiler(),
        without_rust_lld(&["--target", &format!("{ARCH}-unknown-linux-gnu.2.28")]),
        package.run(&["--linker", "built-in", "--config", &format!("target.{TRIPLE}.linker='my-ld'")]),
        package.run(&["--target", "riscv64gc-unknown-linux-gnu"]),
        library.run(&[]),
        Fixture::with_bins("shop", &["buy", "sell"]).run(&["-o", "one.zip"]),
        package.run(&["--", "--release"]),
    ]
}

/// The toolchain of a distribution.
fn without_rust_lld(args: &[&str]) -> Run {
    let fixture = Fixture::package("greeter");
    let computer = bare_machine(&fixture, &[TRIPLE]).without_rust_lld(&Toolchain::current());
    computer.program(&fixture).env("HOME", fixture.path("home")).args(args).run()
}

fn with_c_and_no_compiler() -> Run {
    let fixture = Fixture::with_native_crate("native-sys", "cc", "fn main() {}\n");
    let computer = bare_machine(&fixture, &["x86_64-unknown-linux-musl"]);
    computer.program(&fixture).env("HOME", fixture.path("home")).args(["--libc", "musl", "--dry-run"]).run()
}

fn building() -> Vec<Run> {
    let broken = Fixture::package("greeter");
    broken.write("src/main.rs", "fn main() { undefined(); }\n");
    vec![broken.run(&[]), with_a_newer_glibc()]
}

/// A script in place of zig that links the glibc of this machine, whichever it is asked for.
const ZIG: &str = r#"
case $1 in
    version) echo 0.16.0; exit ;;
    cc | c++) shift ;;
    *) exit 1 ;;
esac
for argument do
    shift
    case $argument in
        -target) skip=yes ;;
        # The unwinder of GCC instead of zig's.
        -lunwind) set -- "$@" -lgcc_s ;;
        *) [ "$skip" ] || set -- "$@" "$argument"; skip= ;;
    esac
done
exec cc "$@""#;

fn with_a_newer_glibc() -> Run {
    let fixture = Fixture::package("greeter");
    fixture.write("src/main.rs", "fn main() { std::thread::spawn(|| println!(\"hello\")).join().unwrap(); }\n");
    let zig = fixture.path("tools/zig");
    script(&zig, ZIG);
    let program = fixture.program().env("CARGO_ZIGBUILD_ZIG_PATH", &zig);
    program
        .env("CARGO_ZIGBUILD_CACHE_DIR", fixture.path("cache"))
        .args(["--linker", "zig", "--target", &format!("{ARCH}-unknown-linux-gnu.2.17")])
        .run()
}

fn packaging() -> Vec<Run> {
    let fixture = Fixture::with_executable();
    fixture.symlink("/etc/hostname", "conf/link");
    fixture.write("text", "not an executable");
    fixture.write("text.zip", "the previous zip");
    vec![
        fixture.run(&["pack", "main", "--include", "missing"]),
        fixture.run(&["pack", "main", "../main"]),
        fixture.run(&["pack", "main", "conf"]),
        fixture.run(&["pack", "main", "-o", "main/out.zip"]),
        fixture.run(&["pack", "text"]),
    ]
}

/// True if the line has each part of a message with `…`, in their order.
fn is_printed_by(message: &str, line: &str) -> bool {
    let mut rest = line;
    message.split('…').map(|part| part.trim_matches([' ', ':', ','])).filter(|part| !part.is_empty()).all(|part| {
        let found = rest.split_once(part);
        rest = found.map_or("", |(_, rest)| rest);
        found.is_some()
    })
}

#[test]
fn every_message_is_one_that_the_program_prints() {
    let without_backticks = |text: &str| text.replace('`', "");
    let troubles = troubles();
    let printed: Vec<_> = troubles.iter().map(|run| without_backticks(&run.stderr)).collect();
    let page = page("docs/troubleshooting.md");
    let messages: Vec<_> = page.headings.iter().filter(|heading| heading.level == 3).collect();
    assert!(messages.len() >= troubles.len(), "the page leaves out some of the messages");
    let mut unknown = Vec::new();
    let mut undocumented = vec![true; troubles.len()];
    for message in messages {
        let text = without_backticks(&message.text);
        let prints = |output: &String| output.lines().any(|line| is_printed_by(&text, line));
        unknown.extend(iter::once(&message.text).filter(|_| !printed.iter().any(prints)));
        for (is_undocumented, output) in undocumented.iter_mut().zip(&printed) {
            *is_undocumented &= !prints(output);
        }
    }
    assert!(unknown.is_empty(), "none of the runs prints these messages: {unknown:#?}\n{printed:#?}");
    let undocumented: Vec<_> = printed.iter().zip(undocumented).filter_map(|(run, is)| is.then_some(run)).collect();
    assert!(undocumented.is_empty(), "the page has nothing about these runs: {undocumented:#?}");
}
