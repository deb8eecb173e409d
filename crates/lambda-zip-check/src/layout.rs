//! What must be where in the zip, and what must not be in it.

use super::ArchiveKind;
use super::container::count;
use super::contents::{Contents, LinkDamage};
use super::context::CheckContext;
use super::entry::{ZipEntry, directory_of, file_name, join};
use super::finding::Findings;
use super::paths::{Found, normalize};
use super::recognise::FileFormat;
use super::rule::Rule;
use lambda_platform::image::LAYERS_ROOT;

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

/// Lambda starts the first of `/var/task/bootstrap`, `/opt/bootstrap` and `/var/runtime/bootstrap` that exists and is not a
/// directory; the `provided` runtimes have none of the latter. AWS's emulator does the same.
fn bootstrap(context: &CheckContext, findings: &mut Findings) {
    let own = context.view.entry_at(BOOTSTRAP);
    match context.find_in_zip(BOOTSTRAP) {
        Found::InZip(entry, _) => special_bootstrap(entry, findings),
        Found::InLayer(..) => {}
        Found::Directory | Found::Nothing if own.is_none_or(|(entry, _)| entry.is_directory()) => {
            if !layer_bootstrap(context, findings) {
                no_bootstrap(context, findings);
            }
        }
        Found::Directory => {
            let message = "`bootstrap` is a link to a directory, not an executable";
            findings.add(Rule::BootstrapNotAFile, Some(BOOTSTRAP), message);
        }
        Found::Nothing | Found::Outside | Found::Loop => broken_bootstrap_link(context, findings),
    }
}

fn special_bootstrap(entry: &ZipEntry, findings: &mut Findings) {
    if let Some(special) = entry.special_type() {
        let message = format!("`{}` is marked as {special}, not as a file", entry.name);
        findings.add(Rule::BootstrapNotAFile, Some(&entry.name), message);
    }
}

fn broken_bootstrap_link(context: &CheckContext, findings: &mut Findings) {
    let Some((entry, Contents::Link(target))) = context.view.entry_at(BOOTSTRAP) else { return };
    let problem = match context.find_in_zip(BOOTSTRAP) {
        Found::Loop => format!("is a link to `{target}`, which leads back to itself in a loop"),
        Found::Outside if normalize(context.root(), target).starts_with(LAYERS_ROOT) => {
            format!("is a link to `{target}`, and no layer with this file is known")
        }
        _ => format!("is a link to `{target}`, which is not a file in the zip"),
    };
    findings.add(Rule::BootstrapNotAFile, Some(&entry.name), format!("`bootstrap` {problem}"));
}

/// Whether a layer has the `bootstrap`, which then must be one that Lambda can start.
fn layer_bootstrap(context: &CheckContext, findings: &mut Findings) -> bool {
    let Found::InLayer(entry, contents) = context.find(&format!("{LAYERS_ROOT}/{BOOTSTRAP}")) else { return false };
    if contents.is_not_executable() {
        let message = format!("`bootstrap` of the layer is {}", contents.name());
        findings.add(Rule::ExecFormat, None, message);
    } else if let Some(mode) = entry.mode().filter(|_| !entry.is_runnable_by_others()) {
        let message =
            format!("`bootstrap` of the layer has the mode {:04o}: the function may not run it", mode & 0o7777);
        findings.add(Rule::NotExecutable, None, message);
    }
    true
}

/// Names what comes closest to a `bootstrap` in the zip: every common mistake has its own advice.
fn no_bootstrap(context: &CheckContext, findings: &mut Findings) {
    if context.view.is_directory(BOOTSTRAP) {
        let message = "`bootstrap` is a directory, not an executable";
        return findings.add(Rule::BootstrapNotAFile, Some(BOOTSTRAP), message);
    }
    let message = "the zip has no file `bootstrap` at its root";
    let program = only_at_root(context, is_program);
    if let Some(near) = near_miss(context) {
        let hint = near_miss_hint(&near);
        findings.add_with_hint(Rule::NoBootstrap, None, format!("{message}, but `{near}`"), hint);
    } else if let Some((what, hint)) = other_package(context).filter(|_| program.is_none()) {
        findings.add_with_hint(Rule::NoBootstrap, None, format!("{message}: {what}"), hint);
    } else if let Some(program) = program.or_else(|| only_at_root(context, is_script)) {
        let message = format!("{message}, only an executable `{program}`");
        let hint = format!(
            "rename `{program}` to `bootstrap`; only the deprecated `go1.x` runtime looked for an executable with the \
             handler's name, and its programs need no other change"
        );
        findings.add_with_hint(Rule::NoBootstrap, None, message, hint);
    } else {
        findings.add(Rule::NoBootstrap, None, message);
    }
}

/// The paths of the files in the zip.
fn files<'a>(context: &CheckContext<'a>) -> impl Iterator<Item = (&'a str, &'a Contents)> + use<'a> {
    let files = context.view.entries().filter(|(entry, _)| !entry.is_directory());
    files.map(|(entry, contents)| (entry.path.as_str(), contents))
}

/// A file whose name is nearly `bootstrap`, or that is in the wrong directory.
fn near_miss(context: &CheckContext) -> Option<String> {
    let is_near = |path: &&str| {
        let name = file_name(path).rsplit('\\').next().unwrap_or_default().to_lowercase();
        matches!(name.as_str(), "bootstrap" | "bootstrap.exe" | "bootstrap.sh")
    };
    files(context).map(|(path, _)| path).find(is_near).map(str::to_owned)
}

fn near_miss_hint(near: &str) -> String {
    if file_name(near) == BOOTSTRAP {
        format!("pack from inside of `{}`, so that `bootstrap` is at the root", directory_of(near))
    } else if near.to_lowercase().ends_with(".exe") {
        "build for Linux: a Windows executable does not run on Lambda, whatever its name".to_owned()
    } else {
        "name it `bootstrap`, in lower case and without an extension, at the root of the zip".to_owned()
    }
}

/// The only file at the root that passes a test.
fn only_at_root<'a>(context: &CheckContext<'a>, is_wanted: impl Fn(&str, &Contents) -> bool) -> Option<&'a str> {
    let mut wanted =
        files(context).filter(|(path, contents)| directory_of(path).is_empty() && is_wanted(path, contents));
    wanted.next().map(|(path, _)| path).filter(|_| wanted.next().is_none())
}

fn is_program(path: &str, contents: &Contents) -> bool {
    match contents {
        Contents::Elf(elf) => elf.is_program() || elf.entry_point != 0 && !path.contains(".so"),
        _ => false,
    }
}

fn is_script(_: &str, contents: &Contents) -> bool {
    matches!(contents, Contents::Script(_))
}

/// What a zip is that was made for another runtime or packed twice, and what to do about it.
fn other_package(context: &CheckContext) -> Option<(String, String)> {
    let mut all = files(context);
    if let (Some((path, Contents::Other(FileFormat::Zip))), None) = (all.next(), all.next()) {
        return Some((format!("it only contains another archive, `{path}`"), format!("upload `{path}` itself")));
    }
    let (found, language) = files(context).find_map(|(path, _)| Some((path, language_of(path)?)))?;
    let what = format!("`{found}` belongs to a {language} function");
    let hint = format!(
        "configure the function with one of Lambda's {language} runtimes; this check is about the `provided` runtimes"
    );
    Some((what, hint))
}

/// The language of a function that has this file where Lambda's own runtimes look for it.
fn language_of(path: &str) -> Option<&'static str> {
    if path.ends_with(".class") || path.ends_with(".jar") {
        return Some("Java");
    }
    if !directory_of(path).is_empty() {
        return None;
    }
    let ends_with = |ending: &str| path.ends_with(ending);
    match path {
        "package.json" => Some("Node.js"),
        _ if [".js", ".mjs", ".cjs"].into_iter().any(ends_with) => Some("Node.js"),
        _ if ends_with(".py") => Some("Python"),
        _ if ends_with(".rb") => Some("Ruby"),
        _ if [".runtimeconfig.json", ".deps.json"].into_iter().any(ends_with) => Some(".NET"),
        _ => None,
    }
}

fn extension(context: &CheckContext, findings: &mut Findings) {
    let has_one = files(context).any(|(path, _)| directory_of(path) == EXTENSIONS);
    if !has_one {
        findings.add(Rule::NoExtension, None, "the zip has no file directly in `extensions/`");
    }
}

fn links(context: &CheckContext, findings: &mut Findings) {
    for (entry, contents) in context.view.entries() {
        match contents {
            Contents::BrokenLink(damage) => broken_link(entry, damage, findings),
            // A `bootstrap` that leads nowhere was reported.
            Contents::Link(_) if entry.path == BOOTSTRAP && context.expectation.kind == ArchiveKind::Function => {}
            Contents::Link(target) => link(context, entry, target, findings),
            _ => {}
        }
    }
}

fn broken_link(entry: &ZipEntry, damage: &LinkDamage, findings: &mut Findings) {
    let name = &entry.name;
    let message = match damage {
        LinkDamage::Empty => format!("`{name}` is marked as a symbolic link, but has no target"),
        LinkDamage::NotAPath(what, size) => {
            format!("`{name}` is marked as a symbolic link, but contains {what} of {}", count(*size, "byte"))
        }
    };
    findings.add(Rule::LinkBroken, Some(name), message);
}

fn link(context: &CheckContext, entry: &ZipEntry, target: &str, findings: &mut Findings) {
    let path = &entry.path;
    let (rule, problem) = match context.find_in_zip(path) {
        Found::InZip(..) | Found::InLayer(..) | Found::Directory => return,
        Found::Loop => (Rule::LinkLoop, "which leads back to itself in a loop"),
        Found::Nothing => (Rule::LinkDangling, "which is not in the zip"),
        Found::Outside if normalize(&directory_in(context, path), target).starts_with(LAYERS_ROOT) => {
            let message = format!("`{path}` is a link to `{target}`, which a layer must provide");
            let hint = "check the zip together with its layers";
            return findings.add_with_hint(Rule::LinkEscapes, Some(&entry.name), message, hint);
        }
        Found::Outside => (Rule::LinkEscapes, "outside of the zip"),
    };
    findings.add(rule, Some(&entry.name), format!("`{path}` is a link to `{target}`, {problem}"));
}

/// The absolute directory of a path in the zip.
fn directory_in(context: &CheckContext, path: &str) -> String {
    format!("{}/{}", context.root(), directory_of(path))
}

fn litter(context: &CheckContext, findings: &mut Findings) {
    let mut in_macosx = 0;
    for (entry, _) in context.view.entries() {
        let path = &entry.path;
        if path.split('/').any(|part| part == "__MACOSX") {
            in_macosx += 1;
        } else if matches!(file_name(path), ".DS_Store" | "Thumbs.db" | "desktop.ini") {
            findings.add(Rule::Litter, Some(&entry.name), format!("`{path}` is metadata of a desktop system"));
        }
    }
    if in_macosx > 0 {
        let entries = if in_macosx == 1 { "entry" } else { "entries" };
        let message = format!("{in_macosx} {entries} in `__MACOSX` hold metadata of macOS");
        let hint = "create the zip with `zip -X` or `ditto --norsrc`";
        findings.add_with_hint(Rule::Litter, Some("__MACOSX"), message, hint);
    }
}

fn secrets(context: &CheckContext, findings: &mut Findings) {
    for (entry, contents) in context.view.entries() {
        let path = &entry.path;
        let name = file_name(path);
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
