//! What must be where in the zip, and what must not be in it.

use super::ArchiveKind;
use super::contents::Contents;
use super::context::CheckContext;
use super::entry::{directory_of, file_name, join};
use super::finding::Findings;
use super::rule::Rule;
use super::view::{Found, link_target};

/// The executable that the `provided` runtimes start.
pub(super) const BOOTSTRAP: &str = "bootstrap";

/// The directory of a layer whose files Lambda starts.
pub(super) const EXTENSIONS: &str = "extensions";

pub(super) fn check(context: &CheckContext, findings: &mut Findings) {
    match context.expectation.kind {
        ArchiveKind::Function => bootstrap(context, findings),
        ArchiveKind::Extension => extension(context, findings),
        ArchiveKind::InternalExtension | ArchiveKind::Layer => {}
    }
    links(context, findings);
    litter(context, findings);
    secrets(context, findings);
}

fn bootstrap(context: &CheckContext, findings: &mut Findings) {
    let view = context.view;
    match (view.find(BOOTSTRAP, context.root()), view.entry_at(BOOTSTRAP)) {
        (Some(Found::File(..)), _) => {}
        (Some(Found::Directory), _) => {
            let message = "`bootstrap` is a directory, not an executable";
            findings.add(Rule::BootstrapNotAFile, Some(BOOTSTRAP), message);
        }
        // The contents could not be read: why is said elsewhere.
        (None, Some((entry, Contents::Link(target)))) => {
            let message = format!("`bootstrap` is a link to `{target}`, which is not a file in the zip");
            findings.add(Rule::BootstrapNotAFile, Some(&entry.name), message);
        }
        // A layer may bring the whole runtime.
        (None, _) if context.layers.iter().any(|layer| layer.entry_at(BOOTSTRAP).is_some()) => {}
        (None, _) => no_bootstrap(context, findings),
    }
}

/// Says what is nearest to a `bootstrap` in the zip: a mistake that everybody makes once has its own advice.
fn no_bootstrap(context: &CheckContext, findings: &mut Findings) {
    let files = || context.view.entries().filter(|(entry, _)| !entry.is_directory());
    let near = files().map(|(entry, _)| entry.path()).find(|path| {
        let name = file_name(path).rsplit('\\').next().unwrap_or_default().to_lowercase();
        matches!(name.as_str(), "bootstrap" | "bootstrap.exe" | "bootstrap.sh")
    });
    let message = "the zip has no file `bootstrap` at its root";
    let Some(near) = near else {
        let programs: Vec<_> = files()
            .filter(|(entry, contents)| directory_of(&entry.path()).is_empty() && is_program(contents))
            .map(|(entry, _)| entry.path())
            .collect();
        return match programs.as_slice() {
            [program] => {
                let message = format!("{message}, only an executable `{program}`");
                let hint = format!(
                    "rename `{program}` to `bootstrap`; only the retired `go1.x` runtime looked for an executable with \
                     the handler's name, and its programs need no other change"
                );
                findings.add_with_hint(Rule::NoBootstrap, None, message, hint);
            }
            _ => findings.add(Rule::NoBootstrap, None, message),
        };
    };
    let hint = if file_name(&near) == BOOTSTRAP {
        format!("pack from inside of `{}`, so that `bootstrap` is at the root", directory_of(&near))
    } else if near.to_lowercase().ends_with(".exe") {
        "build for Linux: an executable of Windows does not run on Lambda, whatever its name".to_owned()
    } else {
        "name it `bootstrap`, in lower case and without an extension, at the root of the zip".to_owned()
    };
    findings.add_with_hint(Rule::NoBootstrap, None, format!("{message}, but `{near}`"), hint);
}

fn is_program(contents: &Contents) -> bool {
    match contents {
        Contents::Elf(elf) => elf.interpreter.is_some() || elf.entry_point != 0,
        Contents::Script(_) => true,
        _ => false,
    }
}

fn extension(context: &CheckContext, findings: &mut Findings) {
    let has_one = context.view.entries().any(|(entry, _)| {
        let path = entry.path();
        !entry.is_directory() && directory_of(&path) == EXTENSIONS
    });
    if !has_one {
        findings.add(Rule::NoExtension, None, "the zip has no file directly in `extensions/`");
    }
}

fn links(context: &CheckContext, findings: &mut Findings) {
    for (entry, contents) in context.view.entries() {
        let Contents::Link(target) = contents else { continue };
        let path = entry.path();
        // A `bootstrap` that leads nowhere is worse than this, and was reported.
        if path == BOOTSTRAP && context.expectation.kind == ArchiveKind::Function {
            continue;
        }
        if link_target(&path, target, context.root()).is_none() {
            let message = format!("`{path}` is a link to `{target}`, outside of the zip");
            findings.add(Rule::LinkEscapes, Some(&entry.name), message);
        } else if context.view.find(&path, context.root()).is_none() {
            let message = format!("`{path}` is a link to `{target}`, which is not in the zip");
            findings.add(Rule::LinkDangling, Some(&entry.name), message);
        }
    }
}

fn litter(context: &CheckContext, findings: &mut Findings) {
    let mut in_macosx = 0;
    for (entry, _) in context.view.entries() {
        let path = entry.path();
        if path.split('/').any(|part| part == "__MACOSX") {
            in_macosx += 1;
        } else if matches!(file_name(&path), ".DS_Store" | "Thumbs.db" | "desktop.ini") {
            findings.add(Rule::Litter, Some(&entry.name), format!("`{path}` was left behind by a desktop"));
        }
    }
    if in_macosx > 0 {
        let message = format!("{in_macosx} entries in `__MACOSX` were left behind by a desktop");
        findings.add_with_hint(
            Rule::Litter,
            Some("__MACOSX"),
            message,
            "make the zip with `zip -X` or `ditto --norsrc`",
        );
    }
}

fn secrets(context: &CheckContext, findings: &mut Findings) {
    for (entry, contents) in context.view.entries() {
        let path = entry.path();
        let name = file_name(&path);
        let is_key_file = matches!(name, "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519");
        let is_settings = name == ".env" || name.starts_with(".env.") && !is_example(name);
        let is_login = matches!(name, ".netrc" | ".npmrc" | ".pypirc" | ".pgpass" | ".git-credentials")
            || join(path.rsplitn(3, '/').take(2).collect::<Vec<_>>().into_iter().rev()) == ".aws/credentials";
        let kind = match contents {
            Contents::PrivateKey => "a private key",
            Contents::Directory => continue,
            _ if is_key_file => "a private key",
            _ if is_settings => "the settings of an environment",
            _ if is_login => "a login",
            _ => continue,
        };
        findings.add(Rule::Secret, Some(&entry.name), format!("`{path}` looks like {kind}"));
    }
}

fn is_example(name: &str) -> bool {
    [".example", ".sample", ".template", ".dist"].iter().any(|ending| name.ends_with(ending))
}
