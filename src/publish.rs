//! From one executable to one published zip: entries, a staged archive, the rules, and only then the final name.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::Result;
use time::OffsetDateTime;

use crate::build::Artifact;
use crate::check::{self, ArchiveKind, Expectation, Levels, Rule, ZipView};
use crate::error::{ErrorKind, ResultExt};
use crate::fs;
use crate::package::{self, ArchiveOptions, Compression, Entry, EntryName, EntrySource, ModificationTime};
use crate::report::{ArchiveReport, human_bytes, print_findings};
use crate::shell::Shell;
use crate::target::Target;

/// Packages one artifact and publishes the zip, unless it breaks a rule: then what was at its path stays.
pub(crate) fn publish<'a>(artifact: &Artifact<'a>, shell: &Shell) -> Result<ArchiveReport<'a>> {
    let started = Instant::now();
    let planned = artifact.planned;
    let target = planned.target.target;
    shell.status("Packaging", format_args!("{} ({target})", planned.function.name));

    let size =
        fs::metadata(&artifact.executable).or_fail(ErrorKind::Archive, || "the executable is gone".into())?.len();
    let bootstrap = Entry {
        name: EntryName::new("bootstrap")?,
        source: EntrySource::Disk(artifact.executable.clone()),
        mode: 0o755,
    };
    let entries = package::sort(vec![bootstrap])?;
    let progress = shell.progress("Compressing", size);
    let staged = package::stage(&planned.path, &entries, &options()?, &|done| progress.set_position(done))?;
    progress.finish_and_clear();

    let view = ZipView::from_reader(staged.reader(), staged.archive().size)?;
    let findings = check::check_view(&view, &[], &expectation(target)?);
    print_findings(&findings, shell);
    let published = !check::any_broken(&findings);
    let archive = if published { staged.publish()? } else { staged.archive().clone() };
    if published {
        let (unpacked, packed) = (human_bytes(archive.uncompressed_size), human_bytes(archive.size));
        shell.status("Packaged", format_args!("{}, {unpacked} ({packed} compressed)", planned.function.name));
    } else {
        let path = planned.path.display();
        shell.status(
            "Refused",
            format_args!("{}: Lambda would not run it, `{path}` is as it was", planned.function.name),
        );
    }
    Ok(ArchiveReport { planned, archive, published, findings, package_time: started.elapsed() })
}

/// The same for every zip of a run. The one thing of the environment that reaches a zip is the date that
/// `SOURCE_DATE_EPOCH` asks for: <https://reproducible-builds.org/specs/source-date-epoch/>.
fn options() -> Result<ArchiveOptions> {
    let modified = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text
            .parse()
            .map_err(anyhow::Error::from)
            .and_then(ModificationTime::from_epoch)
            .or_fail(ErrorKind::Usage, || format!("`SOURCE_DATE_EPOCH={text}` is no date that a zip can hold"))?,
        Err(_) => ModificationTime::default(),
    };
    Ok(ArchiveOptions {
        modified,
        threads: available_parallelism().unwrap_or(NonZeroUsize::MIN),
        compression: Compression::default(),
    })
}

fn expectation(target: Target) -> Result<Expectation<'static>> {
    let mut levels = Levels::default();
    // Said once for the whole run, before the build.
    levels.allow(Rule::RuntimeDeprecated.id())?;
    Ok(Expectation {
        kind: ArchiveKind::Function,
        arch: Some(target.arch),
        runtime: Some(target.runtime),
        today: OffsetDateTime::now_utc().date(),
        levels,
        layers: &[],
    })
}
