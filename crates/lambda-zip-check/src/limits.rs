//! Limits and life: how large a zip may be, and whether its runtime is still there.

use super::finding::Findings;
use super::rule::Rule;
use super::{ArchiveKind, Subject};
use lambda_platform::limits::{DIRECT_UPLOAD_LIMIT, LAYERS_LIMIT, UNPACKED_LIMIT};

/// How many of the largest entries a message names.
const LARGEST: usize = 3;

pub(super) fn check(subject: &Subject, findings: &mut Findings) {
    upload_limit(subject, findings);
    unpacked_limit(subject, findings);
    layers_limit(subject, findings);
    runtime_life(subject, findings);
    runtime_architecture(subject, findings);
}

fn upload_limit(subject: &Subject, findings: &mut Findings) {
    let size = subject.view.size();
    if size >= DIRECT_UPLOAD_LIMIT {
        let message = format!(
            "the zip has {size} bytes, a direct upload must be smaller than {DIRECT_UPLOAD_LIMIT}; {}",
            largest(subject)
        );
        findings.add(Rule::UploadLimit, None, message);
    }
}

fn unpacked_limit(subject: &Subject, findings: &mut Findings) {
    let own = subject.view.unpacked_size();
    let layers = subject.layers.iter().fold(0, |sum: u64, layer| sum.saturating_add(layer.unpacked_size()));
    if own.saturating_add(layers) >= UNPACKED_LIMIT {
        let with_layers = if layers > 0 { format!(" and its layers to {layers}") } else { String::new() };
        let message = format!(
            "the zip unpacks to {own} bytes{with_layers}, the limit is {UNPACKED_LIMIT} in all; {}",
            largest(subject)
        );
        findings.add(Rule::UnpackedLimit, None, message);
    }
}

/// The largest entries in words.
fn largest(subject: &Subject) -> String {
    let mut entries: Vec<_> = subject.view.entries().map(|(entry, _)| entry).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.size));
    let named = entries.iter().take(LARGEST).map(|entry| format!("`{}` ({} bytes)", entry.name, entry.size));
    format!("largest: {}", named.collect::<Vec<_>>().join(", "))
}

fn layers_limit(subject: &Subject, findings: &mut Findings) {
    let count = subject.layers.len();
    if count > LAYERS_LIMIT {
        let message = format!("there are {count} layers, a function can have {LAYERS_LIMIT}");
        findings.add(Rule::LayersLimit, None, message);
    }
}

fn runtime_life(subject: &Subject, findings: &mut Findings) {
    // A layer outlives the runtimes of the functions that use it.
    if subject.expectation.kind != ArchiveKind::Function {
        return;
    }
    let Some(runtime) = subject.expectation.runtime else { return };
    let today = subject.expectation.today;
    let Some(message) = runtime.deprecation(today) else { return };
    let rule = if today >= runtime.facts().update_blocked { Rule::RuntimeBlocked } else { Rule::RuntimeDeprecated };
    if runtime.facts().id == "go1.x" {
        let hint = "move to `provided.al2023`: pack the same executable as `bootstrap`, its code needs no change";
        findings.add_with_hint(rule, None, message, hint);
    } else {
        findings.add(rule, None, message);
    }
}

fn runtime_architecture(subject: &Subject, findings: &mut Findings) {
    let (Some(runtime), Some(arch)) = (subject.expectation.runtime, subject.expectation.arch) else { return };
    if !runtime.facts().architectures.contains(&arch) {
        findings.add(Rule::RuntimeArchitecture, None, format!("the runtime `{runtime}` does not exist for `{arch}`"));
    }
}
