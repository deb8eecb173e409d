//! The errors of `rust-lld` that a caller may know a cure for, read from what it printed.

/// An error of `rust-lld`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// `-lNAME`, and no such library in any directory.
    MissingLibrary {
        /// The name, without `-l`.
        name: String,
    },
    /// A symbol that nothing defines.
    UndefinedSymbol {
        /// Its name, as in the source.
        symbol: String,
        /// The object files and members of archives that want it, such as `foo.o` or `foo.o in archive libbar.rlib`.
        /// LLD lists three of them and counts the rest.
        wanted_by: Vec<String>,
    },
    /// An object file or library for another architecture.
    OtherArchitecture {
        /// The file.
        file: String,
    },
    /// A file that is not there.
    MissingFile {
        /// Its path, as given.
        path: String,
    },
}

/// What is wrong, by the errors that `rust-lld` printed. Each problem is listed once.
#[must_use]
pub fn problems(stderr: &str) -> Vec<Problem> {
    let mut found: Vec<Problem> = Vec::new();
    for line in stderr.lines() {
        if let Some((_, error)) = line.split_once("error: ") {
            let problem = problem(error);
            found.extend(problem.filter(|problem| !found.contains(problem)));
        } else if let Some(Problem::UndefinedSymbol { wanted_by, .. }) = found.last_mut() {
            wanted_by.extend(wanting_file(line).filter(|file| !wanted_by.contains(file)));
        }
    }
    found
}

fn problem(error: &str) -> Option<Problem> {
    if let Some(name) = error.strip_prefix("unable to find library -l") {
        return Some(Problem::MissingLibrary { name: name.to_owned() });
    }
    if let Some(rest) = error.strip_prefix("undefined ") {
        // `undefined hidden symbol: NAME` and `undefined reference: NAME` are the same.
        let (_, symbol) = rest.split_once(": ")?;
        return Some(Problem::UndefinedSymbol { symbol: symbol.to_owned(), wanted_by: Vec::new() });
    }
    if let Some((file, _)) = error.split_once(" is incompatible with ") {
        return Some(Problem::OtherArchitecture { file: file.to_owned() });
    }
    let path = error.strip_prefix("cannot open ")?.split_once(": ")?.0;
    Some(Problem::MissingFile { path: path.to_owned() })
}

/// The file of a `>>> ` line. Where there is a source file, LLD names it in a line before the one with the object file:
///
/// ```text
/// >>> referenced by lib.rs:12 (src/lib.rs:12)
/// >>>               foo.o:(symbol) in archive libbar.rlib
/// >>> referenced by libbaz.so (disallowed by --no-allow-shlib-undefined)
/// ```
fn wanting_file(line: &str) -> Option<String> {
    let detail = line.strip_prefix(">>>")?.trim();
    let detail = detail.strip_prefix("referenced by ").unwrap_or(detail);
    if let Some((file, section)) = detail.split_once(":(") {
        let archive = section.rsplit_once(") in archive ").map(|(_, archive)| archive);
        return Some(archive.map_or_else(|| file.to_owned(), |archive| format!("{file} in archive {archive}")));
    }
    detail.strip_suffix(" (disallowed by --no-allow-shlib-undefined)").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_named() {
        let text = "rust-lld: error: unable to find library -lssl\nrust-lld: error: unable to find library -lssl\n";
        assert_eq!(problems(text), [Problem::MissingLibrary { name: "ssl".into() }]);
    }

    #[test]
    fn an_undefined_symbol_names_the_objects_that_want_it() {
        let text = "rust-lld: error: undefined symbol: crypt\n\
                    >>> referenced by lib.rs:7 (src/lib.rs:7)\n\
                    >>>               wants.o:(wants::f) in archive /deps/libwants.rlib\n\
                    >>> referenced by main.o:(.text+0x1)\n\
                    >>> referenced 4 more times\n\
                    >>> did you mean: crypto\n\
                    rust-lld: error: undefined reference: getrandom\n\
                    >>> referenced by libbaz.so (disallowed by --no-allow-shlib-undefined)\n";
        let wanted_by = vec!["wants.o in archive /deps/libwants.rlib".into(), "main.o".into()];
        let expected = [
            Problem::UndefinedSymbol { symbol: "crypt".into(), wanted_by },
            Problem::UndefinedSymbol { symbol: "getrandom".into(), wanted_by: vec!["libbaz.so".into()] },
        ];
        assert_eq!(problems(text), expected);
    }

    #[test]
    fn other_errors_are_passed_over() {
        let text = "ld.lld: error: /tmp/a.o is incompatible with elf64-x86-64\n\
                    ld.lld: error: cannot open gone.o: No such file or directory\n\
                    ld.lld: error: unknown argument '--frobnicate'\n";
        let expected =
            [Problem::OtherArchitecture { file: "/tmp/a.o".into() }, Problem::MissingFile { path: "gone.o".into() }];
        assert_eq!(problems(text), expected);
    }
}
