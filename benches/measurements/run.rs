//! Runs commands in turn, so that other load on the machine affects all of them equally.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

use crate::inputs::Random;

/// A command that is compared with others.
pub(crate) struct Contender {
    pub(crate) name: String,
    program: PathBuf,
    args: Vec<String>,
    env: Vec<(String, String)>,
    directory: Option<PathBuf>,
    output: Option<PathBuf>,
    at_most: usize,
}

impl Contender {
    pub(crate) fn new<I: IntoIterator<Item = A>, A: AsRef<OsStr>>(
        name: &str,
        program: impl AsRef<Path>,
        args: I,
    ) -> Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_str().expect("arguments are UTF-8").to_owned());
        Self {
            name: name.to_owned(),
            program: program.as_ref().to_owned(),
            args: args.collect(),
            env: Vec::new(),
            directory: None,
            output: None,
            at_most: usize::MAX,
        }
    }

    /// Sets the file that it writes, which is removed before each run and measured after it.
    pub(crate) fn writes(mut self, path: impl Into<PathBuf>) -> Self {
        self.output = Some(path.into());
        self
    }

    pub(crate) fn within(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Limits the number of runs, for a command that takes minutes.
    pub(crate) fn at_most(mut self, runs: usize) -> Self {
        self.at_most = runs;
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }

    /// Runs it once. Panics if the command fails, because its time would be meaningless.
    pub(crate) fn run(&self) -> Sample {
        if let Some(output) = &self.output {
            fs::remove_file(output).or_else(|_| fs::remove_dir_all(output)).ok();
        }
        let log = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        let both = || Stdio::from(File::options().append(true).open(log.path()).expect("the log can be written"));
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(both()).stderr(both());
        // On Linux a child's peak starts at its parent's, which includes the inputs. Writing 5 resets it: see
        // proc_pid_clear_refs(5).
        let _ = fs::write("/proc/self/clear_refs", "5");
        let started = Instant::now();
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let used = wait(child);
        let wall = started.elapsed();
        assert!(used.status.success(), "{command:?} fails:\n{}", fs::read_to_string(log.path()).unwrap_or_default());
        // Measure it now, because the next contender may write to the same path.
        let written = self.output.as_ref().and_then(|path| path.metadata().ok()).filter(fs::Metadata::is_file);
        let bytes = written.map(|metadata| metadata.len());
        Sample { wall, cpu: used.rusage.utime + used.rusage.stime, peak: used.rusage.maxrss, bytes }
    }
}

/// Includes the child's own children that it waited for.
pub(crate) fn wait(child: std::process::Child) -> wait4::ResUse {
    let mut child = child;
    child.wait4().expect("the child can be waited for")
}

/// The cost of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) wall: Duration,
    /// User and system time.
    pub(crate) cpu: Duration,
    /// The largest resident set, in bytes.
    pub(crate) peak: u64,
    /// The size of the output, if it is a file.
    pub(crate) bytes: Option<u64>,
}

/// The cost of several runs.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) name: String,
    /// Median of all runs, as is `cpu`.
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// Maximum of all runs, in bytes.
    pub(crate) peak: u64,
    /// The size of the output, if any.
    pub(crate) bytes: Option<u64>,
}

impl Measured {
    pub(crate) fn of(name: &str, samples: &[Sample]) -> Self {
        Self {
            name: name.to_owned(),
            wall: median(samples.iter().map(|sample| sample.wall)),
            cpu: median(samples.iter().map(|sample| sample.cpu)),
            peak: samples.iter().map(|sample| sample.peak).max().unwrap_or_default(),
            bytes: samples.last().and_then(|sample| sample.bytes),
        }
    }
}

/// Runs all contenders in turn, each `runs` times. The order changes from turn to turn, because a contender that fills
/// the processor's caches slows down the next one.
pub(crate) fn interleaved(contenders: &[Contender], runs: usize) -> Vec<Measured> {
    let mut samples = vec![Vec::new(); contenders.len()];
    let mut random = Random(1);
    for round in 0..runs {
        for index in random.order(contenders.len()) {
            let contender = &contenders[index];
            if round < contender.at_most {
                eprintln!("  {} of {runs}: {}", round + 1, contender.name);
                samples[index].push(contender.run());
            }
        }
    }
    contenders.iter().zip(&samples).map(|(contender, samples)| Measured::of(&contender.name, samples)).collect()
}

pub(crate) fn median(values: impl Iterator<Item = Duration>) -> Duration {
    let mut values: Vec<_> = values.collect();
    values.sort();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
