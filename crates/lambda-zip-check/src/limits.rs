//! Size limits, and whether the runtime still accepts functions.

use super::ArchiveKind;
use super::container::count;
use super::context::CheckContext;
use super::finding::Findings;
use super::rule::Rule;
use lambda_platform::limits::{DIRECT_UPLOAD_LIMIT, LAYERS_LIMIT, UNPACKED_LIMIT};

/// How many of the largest entries a message names.
const LARGEST: usize = 3;

pub(super) fn check(context: &CheckContext, findings: &mut Findings) {
    upload_limit(context, findings);
    unpacked_limit(context, findings);
    layers_limit(context, findings);
    runtime_life(context, findings);
    runtime_architecture(context, findings);
}

fn upload_limit(context: &CheckContext, findings: &mut Findings) {
    let size = context.view.size();
    if size >= DIRECT_UPLOAD_LIMIT {
        let message = format!(
            "the zip has {size} bytes, but a direct upload must be smaller than {DIRECT_UPLOAD_LIMIT}; {}",
            largest(context)
        );
        findings.add(Rule::UploadLimit, None, message);
    }
}

fn unpacked_limit(context: &CheckContext, findings: &mut Findings) {
    let own = context.view.unpacked_size();
    let layers = context.layers.iter().fold(0, |sum: u64, layer| sum.saturating_add(layer.unpacked_size()));
    if own.saturating_add(layers) >= UNPACKED_LIMIT {
        let with_layers = if layers > 0 { format!(" and its layers to {layers}") } else { String::new() };
        let message = format!(
            "the zip unpacks to {own} bytes{with_layers}, but the total must be smaller than {UNPACKED_LIMIT}; {}",
            largest(context)
        );
        findings.add(Rule::UnpackedLimit, None, message);
    }
}

/// Names the largest entries.
fn largest(context: &CheckContext) -> String {
    let mut entries: Vec<_> = context.view.entries().map(|(entry, _)| entry).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.size));
    let named = entries.iter().take(LARGEST).map(|entry| format!("`{}` ({})", entry.name, count(entry.size, "byte")));
    format!("largest: {}", named.collect::<Vec<_>>().join(", "))
}

fn layers_limit(context: &CheckContext, findings: &mut Findings) {
    let found = context.layers.len();
    if found > LAYERS_LIMIT {
        let message = format!("found {found} layers, but a function can have at most {LAYERS_LIMIT}");
        findings.add(Rule::LayersLimit, None, message);
    }
}

fn runtime_life(context: &CheckContext, findings: &mut Findings) {
    // A layer can be used by functions of any runtime.
    if context.expectation.kind != ArchiveKind::Function {
        return;
    }
    let Some(runtime) = context.expectation.runtime else { return };
    let today = context.expectation.today;
    let Some(message) = runtime.deprecation(today) else { return };
    let rule = if today >= runtime.facts().update_blocked { Rule::RuntimeBlocked } else { Rule::RuntimeDeprecated };
    if runtime.facts().id == "go1.x" {
        let hint = "move to `provided.al2023`: pack the same executable as `bootstrap`, its code needs no change";
        findings.add_with_hint(rule, None, message, hint);
    } else {
        findings.add(rule, None, message);
    }
}

fn runtime_architecture(context: &CheckContext, findings: &mut Findings) {
    let (Some(runtime), Some(arch)) = (context.expectation.runtime, context.expectation.arch) else { return };
    if !runtime.facts().architectures.contains(&arch) {
        findings.add(Rule::RuntimeArchitecture, None, format!("the runtime `{runtime}` does not exist for `{arch}`"));
    }
}
