//! Boots a zip twice: under AWS's own emulator, and by `invoke`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Emulator, Fixture, Machine, Program, repository, required};

/// The exit code of `invoke` when a function answers with an error.
const FUNCTION_ERROR: i32 = 110;

/// The processor that a function runs on, emulated where it is not this machine's.
pub struct Platform {
    /// As `--arch` spells it.
    pub arch: &'static str,
    /// As an ELF header spells it.
    pub machine: Machine,
    emulator: PathBuf,
    /// The C library of an emulated processor, for programs that are not static.
    library_root: Option<PathBuf>,
}

impl Platform {
    /// `x86_64`.
    #[track_caller]
    pub fn x86_64() -> Self {
        let emulator = required("LAMBDA_ZIP_TEST_RIE_X86_64");
        Self { arch: "x86_64", machine: Machine::X86_64, emulator, library_root: None }
    }

    /// `arm64`, for static programs.
    #[track_caller]
    pub fn arm64() -> Self {
        let emulator = required("LAMBDA_ZIP_TEST_RIE_ARM64");
        Self { arch: "arm64", machine: Machine::Arm64, emulator, library_root: None }
    }

    /// `arm64`, for programs that load glibc.
    #[track_caller]
    pub fn arm64_with_glibc() -> Self {
        Self { library_root: Some(required("LAMBDA_ZIP_TEST_ARM64_ROOT")), ..Self::arm64() }
    }

    /// Sends events to the function in a zip, and returns its answers. Asserts that AWS's emulator and `invoke` return the
    /// same bytes. An event is JSON or the name of a sample.
    #[track_caller]
    pub fn answers(&self, zip: &Path, events: &[&str]) -> Vec<String> {
        let answers = self.answers_under_the_emulator(zip, events);
        let run = self.invoke(zip).args(events.iter().flat_map(|event| ["--event", event])).run();
        assert_eq!(run.stdout, printed(&answers), "`invoke` differs from the emulator\n{run}");
        let has_failed = answers.iter().any(|answer| answer.contains("\"errorType\""));
        run.exits(if has_failed { FUNCTION_ERROR } else { 0 });
        answers
    }

    #[track_caller]
    fn answers_under_the_emulator(&self, zip: &Path, events: &[&str]) -> Vec<String> {
        let fixture = Fixture::empty();
        let directory = fixture.path("task");
        // A program from outside of this project unpacks it.
        Program::other("unzip", fixture.root()).arg(zip).arg("-d").arg(&directory).run().success();
        let library_root = self.library_root.as_ref().map(|root| ("QEMU_LD_PREFIX", root.to_str().unwrap()));
        let function = Emulator::boot(&self.emulator, &directory, library_root.as_slice());
        events.iter().map(|event| function.invoke(&json_of(event))).collect()
    }

    /// `invoke`, with enough time for an emulated processor on a busy machine.
    pub fn invoke(&self, zip: &Path) -> Program {
        let program = Program::new(zip.parent().unwrap()).arg("invoke").arg(zip).args(["--timeout", "60"]);
        match &self.library_root {
            Some(root) => program.env("QEMU_LD_PREFIX", root),
            None => program,
        }
    }
}

/// What `invoke` prints for these answers: each ends its line.
fn printed(answers: &[String]) -> String {
    answers.iter().map(|answer| if answer.ends_with('\n') { answer.clone() } else { format!("{answer}\n") }).collect()
}

/// The text of one of the program's sample events.
#[track_caller]
pub fn sample(name: &str) -> String {
    let path = repository().join(format!("crates/lambda-local/src/samples/{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json_of(event: &str) -> String {
    if event.starts_with('{') { event.to_owned() } else { sample(event) }
}
