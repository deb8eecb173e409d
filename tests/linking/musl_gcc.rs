//! musl's wrapper for GCC compiles C and never links: it ignores `-static-pie`, so what it links does not start on Lambda.

use std::fs;
use std::process::Command;

use test_support::{Computer, Fixture, Toolchain, Zip, script, write_executable};

const TRIPLE: &str = "x86_64-unknown-linux-musl";

/// Compiles a function with the C compiler for the target.
const BUILD_SCRIPT: &str = r#"use std::process::Command;

fn main() {
    let directory = std::env::var("OUT_DIR").unwrap();
    let path = |name: &str| format!("{directory}/{name}");
    std::fs::write(path("answer.c"), "int answer(void) { return 42; }\n").unwrap();
    let run = |program: &str, args: &[&str]| assert!(Command::new(program).args(args).status().unwrap().success());
    let compiler = std::env::var("CC_x86_64_unknown_linux_musl").unwrap();
    run(&compiler, &["-c", "-fPIC", "-o", &path("answer.o"), &path("answer.c")]);
    run("ar", &["crs", &path("libanswer.a"), &path("answer.o")]);
    println!("cargo:rustc-link-search={directory}");
    println!("cargo:rustc-link-lib=static=answer");
}
"#;

/// A program that calls C, and a machine that has musl's wrapper under this name. The wrapper has the text of Debian's, and
/// refuses to link.
fn with_wrapper(name: &str) -> (Fixture, Computer) {
    let fixture = Fixture::with_native_crate("native-sys", "cc", BUILD_SCRIPT);
    fixture.write("native/lib.rs", "unsafe extern \"C\" {\n    pub safe fn answer() -> i32;\n}\n");
    fixture.write("src/main.rs", "fn main() {\n    println!(\"the answer is {}\", native_sys::answer());\n}\n");
    let computer = Toolchain::current().with_targets_only(&[TRIPLE], &fixture);
    for tool in ["cc", "ar"] {
        script(&computer.bin.join(tool), &format!("PATH=/usr/bin:/bin exec {tool} \"$@\""));
    }
    let text = "case \" $* \" in *' -c '*) ;; *) echo 'the wrapper links' >&2; exit 1;; esac\n\
                PATH=/usr/bin:/bin exec \"${REALGCC:-gcc}\" \"$@\" # -specs \"/usr/lib/x86_64-linux-musl/musl-gcc.specs\"";
    script(&computer.bin.join(name), text);
    (fixture, computer)
}

#[test]
fn the_wrapper_compiles_c_for_the_built_in_linker() {
    for name in ["musl-gcc", "x86_64-linux-musl-gcc"] {
        let (fixture, computer) = with_wrapper(name);
        let program = || computer.program(&fixture).env("HOME", fixture.path("home")).args(["--libc", "musl"]);
        let report = program().args(["--message-format", "json"]).run().success().json();
        assert_eq!(report["archives"][0]["linker"]["kind"], "built-in", "{name}");
        assert_eq!(report["warnings"].as_array().unwrap().len(), 0, "{report}");
        let zip = Zip::read(report["archives"][0]["path"].as_str().unwrap());
        let bootstrap = fixture.path("bootstrap");
        write_executable(&bootstrap, zip.bootstrap());
        let output = Command::new(&bootstrap).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "the answer is 42\n", "{name}");

        // A compiler of the user's wins.
        let plan = program().args(["--dry-run", "--message-format", "json"]).env(format!("CC_{TRIPLE}"), "mine");
        let plan = plan.run().success().json();
        assert!(plan["cargo"]["env"].get("CC_x86_64_unknown_linux_musl").is_none(), "{plan}");
    }
}

#[test]
fn the_wrapper_is_no_linker() {
    let (fixture, computer) = with_wrapper("musl-gcc");
    let program = || computer.program(&fixture).env("HOME", fixture.path("home")).args(["--libc", "musl"]);
    let run = program().args(["--linker", "system"]).run();
    let hint = format!(
        "`{}` compiles C, but cannot link Rust's static executables: leave out `--linker`, and it compiles C for the built-in \
         linker",
        computer.bin.join("musl-gcc").display()
    );
    let tried = "`x86_64-linux-musl-gcc`, `x86_64-unknown-linux-musl-gcc`, `musl-gcc`";
    run.ends_in_error(96, &format!("no linker found for `{TRIPLE}`; tried {tried}"), &[&hint]);

    // A compiler that is not the wrapper links.
    fs::remove_file(computer.bin.join("musl-gcc")).unwrap();
    script(&computer.bin.join("x86_64-linux-musl-gcc"), "exit 1");
    let plan = program().args(["--dry-run", "--message-format", "json"]).run().success().json();
    assert_eq!(plan["functions"][0]["linker"]["kind"], "cross", "{plan}");
}
