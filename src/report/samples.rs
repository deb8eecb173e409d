//! The list of sample events.

use anyhow::Result;
use serde_json::{Value, json};

use super::{print_json, print_lines};
use crate::cli::MessageFormat;
use lambda_local::samples::Sample;

/// Prints the sample events: one line each, or all of them as JSON.
pub(crate) fn print_samples(samples: &[Sample], format: MessageFormat) -> Result<()> {
    let width = samples.iter().map(|sample| sample.name.len()).max().unwrap_or(0);
    match format {
        MessageFormat::Human => {
            print_lines(samples.iter().map(|sample| format!("{:width$}  {}", sample.name, sample.about)))
        }
        MessageFormat::Json => {
            let event = |json| serde_json::from_str::<Value>(json);
            let document = samples.iter().map(|sample| {
                let Sample { name, about, source, json } = sample;
                Ok(json!({ "name": name, "about": about, "source": source, "event": event(json)? }))
            });
            print_json(&document.collect::<Result<Vec<_>>>()?)
        }
    }
}
