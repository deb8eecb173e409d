//! Booting a zip twice: under AWS's own emulator, and by `invoke`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Emulator, Fixture, Machine, Program, required};

/// The exit code of `invoke` when a function answers with an error.
const FUNCTION_ERROR: i32 = 110;

/// Where a function runs.
pub(crate) struct Platform {
    /// As `--arch` spells it.
    pub(crate) arch: &'static str,
    pub(crate) machine: Machine,
    emulator: PathBuf,
    /// The C library of a foreign architecture, for programs that are not static.
    library_root: Option<PathBuf>,
}

impl Platform {
    #[track_caller]
    pub(crate) fn x86_64() -> Self {
        let emulator = required("LAMBDA_ZIP_TEST_RIE_X86_64");
        Self { arch: "x86_64", machine: Machine::X86_64, emulator, library_root: None }
    }

    #[track_caller]
    pub(crate) fn arm64() -> Self {
        let emulator = required("LAMBDA_ZIP_TEST_RIE_ARM64");
        Self { arch: "arm64", machine: Machine::Arm64, emulator, library_root: None }
    }

    #[track_caller]
    pub(crate) fn arm64_with_glibc() -> Self {
        Self { library_root: Some(required("LAMBDA_ZIP_TEST_ARM64_ROOT")), ..Self::arm64() }
    }

    /// Sends events to the function in a zip, and returns its answers. Holds that AWS's emulator and `invoke` get the same
    /// ones, byte by byte. An event is JSON or the name of a sample.
    #[track_caller]
    pub(crate) fn answers(&self, zip: &Path, events: &[&str]) -> Vec<String> {
        let answers = self.answers_under_the_emulator(zip, events);
        let run = self.invoke(zip).args(events.iter().flat_map(|event| ["--event", event])).run();
        assert_eq!(run.stdout, printed(&answers), "`invoke` differs from the emulator\n{run}");
        let has_failed = answers.iter().any(|answer| answer.contains("\"errorType\""));
        assert_eq!(run.code, if has_failed { FUNCTION_ERROR } else { 0 }, "{run}");
        answers
    }

    fn answers_under_the_emulator(&self, zip: &Path, events: &[&str]) -> Vec<String> {
        let fixture = Fixture::empty();
        let folder = fixture.path("task");
        // A stranger to this project unpacks it.
        let unzip = Command::new("unzip").arg(zip).arg("-d").arg(&folder).output().expect("`unzip` starts");
        assert!(unzip.status.success(), "{}", String::from_utf8_lossy(&unzip.stderr));
        let function = Emulator::boot(&self.emulator, &folder, self.library_root.as_deref());
        events.iter().map(|event| function.invoke(&json_of(event))).collect()
    }

    /// `invoke`, with time enough for an emulated processor on a busy machine.
    pub(crate) fn invoke(&self, zip: &Path) -> Program {
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

fn json_of(event: &str) -> String {
    if event.starts_with('{') {
        return event.to_owned();
    }
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/lambda-local/src/samples");
    fs::read_to_string(samples.join(format!("{event}.json"))).unwrap()
}
