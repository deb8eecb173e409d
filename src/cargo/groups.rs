//! Binaries that one `cargo build` cannot build together.
//!
//! Cargo copies each executable to `<target dir>/<triple>/<profile>/<name>`. Two packages with a binary of the same name
//! therefore share one path, and after the build it holds the one that was linked last. Such binaries are built by several
//! runs of cargo. Within a run no two executables share a path, and each is kept before the next run replaces it.

use cargo_metadata::PackageId;

/// A binary or example of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Binary<'a> {
    pub(crate) package: &'a PackageId,
    pub(crate) name: &'a str,
    pub(crate) is_example: bool,
}

impl Binary<'_> {
    /// True if both are written to one path. Some file systems ignore case.
    fn shares_path(&self, other: &Self) -> bool {
        self != other && self.is_example == other.is_example && self.name.to_lowercase() == other.name.to_lowercase()
    }
}

/// Distributes binaries over as few runs of cargo as this simple way finds: each goes to the first run that has no binary of
/// the same path. `all` also has the binaries that are built apart for another reason.
pub(crate) fn groups<'a>(binaries: &[Binary<'a>], all: &[Binary<'a>]) -> Vec<Vec<Binary<'a>>> {
    let mut groups: Vec<Vec<Binary<'_>>> = Vec::new();
    for &binary in binaries {
        let with_binary = |group: &[Binary<'a>]| [group, &[binary]].concat();
        match groups.iter_mut().find(|group| is_free_of_clashes(&built(&with_binary(group), all))) {
            Some(group) => group.push(binary),
            None => groups.push(vec![binary]),
        }
    }
    groups
}

/// The binaries that cargo builds for a group. `--package` and `--bin` are independent of each other: each name is built in
/// each package that has it.
fn built<'a>(group: &[Binary<'a>], all: &[Binary<'a>]) -> Vec<Binary<'a>> {
    let is_built = |binary: &&Binary<'_>| {
        group.iter().any(|member| member.package == binary.package)
            && group.iter().any(|member| (member.name, member.is_example) == (binary.name, binary.is_example))
    };
    all.iter().filter(is_built).copied().collect()
}

fn is_free_of_clashes(binaries: &[Binary<'_>]) -> bool {
    !binaries.iter().any(|binary| binaries.iter().any(|other| binary.shares_path(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The groups of `package/name` and `package/examples/name`.
    fn grouped(binaries: &[&str]) -> Vec<String> {
        let parsed: Vec<_> = binaries
            .iter()
            .map(|text| {
                let (package, name) = text.split_once('/').unwrap();
                let example = name.strip_prefix("examples/");
                (PackageId { repr: package.to_owned() }, example.unwrap_or(name), example.is_some())
            })
            .collect();
        let binaries: Vec<_> = parsed
            .iter()
            .map(|(package, name, is_example)| Binary { package, name, is_example: *is_example })
            .collect();
        let text = |binary: &Binary<'_>| {
            format!("{}/{}{}", binary.package, if binary.is_example { "examples/" } else { "" }, binary.name)
        };
        groups(&binaries, &binaries).iter().map(|group| group.iter().map(text).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn binaries_without_a_common_path_are_built_together() {
        assert_eq!(grouped(&["a/x", "a/y", "b/z", "b/examples/x"]), ["a/x a/y b/z b/examples/x"]);
    }

    #[test]
    fn binaries_of_one_name_are_built_apart_and_the_rest_with_the_first() {
        assert_eq!(
            grouped(&["a/bootstrap", "b/bootstrap", "b/other", "c/bootstrap"]),
            ["a/bootstrap", "b/bootstrap b/other", "c/bootstrap"]
        );
        assert_eq!(grouped(&["a/x", "b/y", "c/x"]), ["a/x b/y", "c/x"]);
        assert_eq!(grouped(&["a/examples/x", "b/examples/x"]), ["a/examples/x", "b/examples/x"]);
    }

    #[test]
    fn names_that_differ_in_case_share_a_path_on_some_disks() {
        assert_eq!(grouped(&["a/api", "b/Api", "b/other"]), ["a/api b/other", "b/Api"]);
        assert_eq!(grouped(&["a/api", "a/Api"]), ["a/api", "a/Api"]);
    }
}
