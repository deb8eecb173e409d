//! `--dry-run` and `--list`: what would be done, and what would be in the zips, without doing it.

use anyhow::Result;

use crate::cli::MessageFormat;
use crate::context::BuildContext;
use crate::publish;
use crate::publish::Job;
use crate::report::{self, ContentsList};
use crate::shell::Shell;
use deployment_zip::{EntrySource, ModificationTime};

/// Shows the plan, or else the contents of its zips, and returns the exit code.
pub(crate) fn show(inquiry: &BuildContext<'_>, shell: &Shell) -> Result<u8> {
    let arguments = inquiry.arguments;
    let mut answers = inquiry.ask()?;
    if !arguments.dry_run {
        inquiry.install_zig(&mut answers, shell)?;
    }
    let draft = inquiry.plan(&answers)?;
    draft.tell(shell);
    if arguments.dry_run {
        match arguments.message_format {
            MessageFormat::Human => report::print_plan(&draft.plan)?,
            MessageFormat::Json => report::print_json(&draft.plan)?,
        }
        return Ok(0);
    }
    publish::modification_time()?;
    let own = draft.plan.own_files();
    let lists = draft.plan.functions.iter().map(|planned| {
        let job = Job::of(planned, EntrySource::Bytes(Vec::new()), &own, ModificationTime::default())?;
        let collected = job.collect()?;
        job.tell(&collected, shell);
        let built = format!("cargo's build of `{}`", planned.function.name);
        ContentsList::new(job.subject, job.path, collected.entries.entries(), &built)
    });
    report::print_lists(&lists.collect::<Result<Vec<_>>>()?, arguments.message_format)?;
    Ok(0)
}
