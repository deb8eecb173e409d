//! `doctor`: what this machine can build, as a table or as JSON.

use anyhow::Result;

use crate::cargo::config::CargoConfig;
use crate::cli::{DoctorArguments, MessageFormat};
use crate::context::working_directory;
use crate::linker::Diagnosis;
use crate::plan::SCHEMA_VERSION;
use crate::report;
use crate::session::Session;
use lambda_zip_error::{ErrorKind, Failure};

/// Runs the command and returns its exit code. It fails on a machine that cannot build for any target.
pub(crate) fn run(arguments: &DoctorArguments, session: &Session) -> Result<u8> {
    let directory = working_directory()?;
    let config = CargoConfig::new(session.cargo_config()?, &directory, &arguments.config)?;
    let diagnosis = Diagnosis::of_machine(&config, &config.rustc()?, SCHEMA_VERSION)?;
    match arguments.message_format {
        MessageFormat::Human => report::print_diagnosis(&diagnosis)?,
        MessageFormat::Json => report::print_json(&diagnosis)?,
    }
    if diagnosis.can_build_something() {
        return Ok(0);
    }
    let failure = Failure::new(ErrorKind::Setup, "this machine cannot build for Lambda");
    Err(diagnosis.hints.into_iter().fold(failure, Failure::hint).into())
}
