//! Whether the planned zips can be written, before a build is spent on them.

use std::path::Path;

use anyhow::Result;

use crate::plan::BuildPlan;

/// Fails if something other than a zip and its directories is in place of a planned zip.
pub(crate) fn check_outputs(plan: &BuildPlan, target_directory: &Path) -> Result<()> {
    for planned in &plan.functions {
        deployment_zip::check_output(&planned.path).map_err(|mut error| {
            let shared = target_directory.join("lambda");
            if planned.path.starts_with(&shared) {
                let hint = format!(
                    "cargo writes to `{}` for a profile `lambda`: give the profile another name",
                    shared.display()
                );
                lambda_zip_error::add_hints(&mut error, [&hint]);
            }
            error
        })?;
    }
    Ok(())
}
