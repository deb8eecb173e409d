//! The executables that cargo reported, matched to the planned functions.

use std::path::PathBuf;

use anyhow::Result;

use super::{BuildPlan, PlannedFunction};
use crate::cargo::Executable;
use lambda_zip_error::{ErrorKind, Failure};

impl BuildPlan {
    /// The executable of each planned function, in their order. Paths come from cargo's messages only.
    pub(crate) fn executables(&self, built: &[Executable]) -> Result<Vec<PathBuf>> {
        self.functions.iter().map(|planned| self.executable(planned, built)).collect()
    }

    fn executable(&self, planned: &PlannedFunction, built: &[Executable]) -> Result<PathBuf> {
        let function = &planned.function;
        let triple = planned.target.target.triple();
        let found = built.iter().find(|executable| {
            executable.build == planned.build
                && executable.package == function.package_id
                && executable.name == function.name
                && executable.is_example == function.is_example
                && executable.is_for(&triple)
        });
        let found = found.ok_or_else(|| {
            let message =
                format!("cargo reported no executable for `{}` of `{}`, {triple}", function.name, function.package);
            Failure::new(ErrorKind::Build, message).hint(format!("run `{}` to see what it builds", self.cargo))
        })?;
        Ok(found.file().to_owned())
    }
}
