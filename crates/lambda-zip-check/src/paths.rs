//! Resolves absolute paths the way the running function sees them: the zip is unpacked to one directory, layers to
//! another, and symbolic links may lead from one to the other.

use super::ArchiveKind;
use super::contents::Contents;
use super::context::CheckContext;
use super::entry::{ZipEntry, directory_of, join};
use super::view::ZipView;
use lambda_platform::image::{LAYERS_ROOT, TASK_ROOT};

/// Linux follows this many links in one path.
const LINKS_LIMIT: usize = 40;

/// The longest path that Linux accepts, in bytes.
pub(super) const PATH_LIMIT: usize = 4096;

/// What a path leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a> {
    /// A file of the checked zip.
    InZip(&'a ZipEntry, &'a Contents),
    /// A file of a layer.
    InLayer(&'a ZipEntry, &'a Contents),
    /// A directory.
    Directory,
    /// Nothing, although the zip and its layers hold everything that could be there.
    Nothing,
    /// A place outside of the zip and the known layers: a file of the runtime, of another layer, or nothing.
    Outside,
    /// A link that leads back to itself.
    Loop,
}

/// A zip and the directory that it is unpacked to.
#[derive(Clone, Copy)]
struct Mount<'a> {
    root: &'static str,
    view: &'a ZipView,
    is_layer: bool,
}

impl<'a> Mount<'a> {
    /// The part of an absolute path below the root.
    fn relative<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.root)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
    }

    fn entry_at(&self, path: &str) -> Option<(&'a ZipEntry, &'a Contents)> {
        self.view.entry_at(self.relative(path)?)
    }
}

impl<'a> CheckContext<'a> {
    /// The zips that hold files, those that replace others first: layers are unpacked over one another.
    fn mounts(&self) -> impl Iterator<Item = Mount<'a>> + use<'a> {
        let own = Mount { root: self.root(), view: self.view, is_layer: false };
        let layers = self.layers.iter().rev().map(|view| Mount { root: LAYERS_ROOT, view, is_layer: true });
        std::iter::once(own).chain(layers)
    }

    /// Follows links from the path of an entry of the checked zip.
    pub(super) fn find_in_zip(&self, path: &str) -> Found<'a> {
        self.find(&format!("{}/{path}", self.root()))
    }

    /// Follows links from an absolute path. Once the look-ups run out, links count as files, so that nothing is reported
    /// as missing that may be there.
    pub(super) fn find(&self, path: &str) -> Found<'a> {
        let mut path = normalize("/", path);
        for _ in 0..LINKS_LIMIT {
            if path.len() > PATH_LIMIT {
                return Found::Nothing;
            }
            // Replace the first part of the path that is a link by its target, until no part is a link.
            let Some((at, target)) = self.first_link(&path) else { return self.find_exactly(&path) };
            let target = normalize(directory_of(&at), target);
            path = normalize(&target, path[at.len()..].trim_start_matches('/'));
        }
        Found::Loop
    }

    /// The first part of a path that is a link, and its target.
    fn first_link(&self, path: &str) -> Option<(String, &'a str)> {
        let ends = path.match_indices('/').map(|(end, _)| end).skip(1).chain([path.len()]);
        ends.map(|end| &path[..end]).find_map(|part| {
            let (_, contents) = self.mounts().find_map(|mount| {
                mount.relative(part)?;
                // A long path costs more to compare.
                mount.view.count_steps(1 + part.len() / 32)?;
                mount.entry_at(part)
            })?;
            match contents {
                Contents::Link(target) => Some((part.to_owned(), target.as_str())),
                _ => None,
            }
        })
    }

    /// What has exactly this path; links are not followed.
    fn find_exactly(&self, path: &str) -> Found<'a> {
        for mount in self.mounts() {
            let Some(relative) = mount.relative(path) else { continue };
            match mount.view.entry_at(relative) {
                Some((entry, contents)) if !entry.is_directory() => {
                    return if mount.is_layer {
                        Found::InLayer(entry, contents)
                    } else {
                        Found::InZip(entry, contents)
                    };
                }
                _ if mount.view.is_directory(relative) => return Found::Directory,
                _ => {}
            }
        }
        if self.knows_all_of(path) { Found::Nothing } else { Found::Outside }
    }

    /// Whether nothing but the checked zip can put a file at this path. A function may have layers that the check was not
    /// given, unless it was given some.
    fn knows_all_of(&self, path: &str) -> bool {
        let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match self.expectation.kind {
            ArchiveKind::Function => below(TASK_ROOT) || below(LAYERS_ROOT) && !self.layers.is_empty(),
            ArchiveKind::Extension | ArchiveKind::InternalExtension | ArchiveKind::Layer => below(LAYERS_ROOT),
        }
    }
}

/// An absolute path without empty parts, `.` and `..`. A relative path starts in `directory`; `..` at the root stays there.
pub(super) fn normalize(directory: &str, path: &str) -> String {
    let start = if path.starts_with('/') { "" } else { directory };
    let mut parts = Vec::new();
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", join(parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expectation;
    use crate::container::Container;
    use crate::view::STEPS_LIMIT;
    use time::macros::date;

    /// A zip with these links.
    fn linked(links: impl IntoIterator<Item = (String, String)>) -> ZipView {
        let (entries, contents) = links
            .into_iter()
            .map(|(path, target)| (ZipEntry { path, ..ZipEntry::default() }, Contents::Link(target)))
            .collect();
        ZipView::new(0, Container { entries, ..Container::default() }, contents)
    }

    fn find_all(view: &ZipView) -> usize {
        let expectation = Expectation::new(ArchiveKind::Function, date!(2026 - 06 - 01));
        let context = CheckContext::new(view, &[], &expectation);
        for (entry, _) in view.entries() {
            context.find_in_zip(&entry.path);
        }
        view.steps()
    }

    #[test]
    fn following_chained_links_is_bounded() {
        let directory = "a/".repeat(500);
        let view = linked((0..3000).map(|index| (format!("{directory}{index}"), format!("{}", (index + 1) % 3000))));
        let steps = find_all(&view);
        assert!(view.ran_out_of_steps());
        // The last look-up may be the longest.
        assert!(steps <= STEPS_LIMIT + 1 + PATH_LIMIT / 32, "{steps}");
        view.reset_steps();
        assert!(!view.ran_out_of_steps());
    }

    #[test]
    fn an_ordinary_zip_takes_few_steps() {
        let view = linked((0..100).map(|index| (format!("lib/lib{index}.so"), format!("lib{index}.so.1"))));
        let steps = find_all(&view);
        assert!(steps <= 800, "{steps}");
    }

    #[test]
    fn paths_are_normalized_like_linux_does() {
        assert_eq!(normalize("/var/task/bin", "../lib/a.so"), "/var/task/lib/a.so");
        assert_eq!(normalize("/var/task", "./app//x/"), "/var/task/app/x");
        assert_eq!(normalize("/var/task", "/opt/x"), "/opt/x");
        assert_eq!(normalize("/var/task", "../../../../etc/passwd"), "/etc/passwd");
    }
}
