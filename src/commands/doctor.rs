//! `doctor`: what this machine can build, as a table or as JSON.

use anyhow::Result;
use cargo_config2::Config;

use crate::cargo::config::CargoConfig;
use crate::cli::{DoctorArguments, MessageFormat};
use crate::linker::Diagnosis;
use crate::plan::SCHEMA_VERSION;
use crate::report;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// The command, where cargo is configured like this, with its exit code. A machine that can build nothing is an error.
pub(crate) fn run(arguments: &DoctorArguments, configured: Result<Config>) -> Result<u8> {
    let folder = std::env::current_dir().or_fail(ErrorKind::Setup, || "the working directory is gone".into())?;
    let config = CargoConfig::new(configured?, &folder, &arguments.config)?;
    let diagnosis = Diagnosis::of_machine(&config, &config.rustc()?, SCHEMA_VERSION)?;
    match arguments.message_format {
        MessageFormat::Human => report::print_diagnosis(&diagnosis)?,
        MessageFormat::Json => report::print_json(&diagnosis)?,
    }
    if diagnosis.can_build_something() {
        return Ok(0);
    }
    let failure = Failure::new(ErrorKind::Setup, "this machine cannot build for Lambda");
    Err(diagnosis.remedies.into_iter().fold(failure, Failure::hint).into())
}
