//! "Did you mean": the nearest of the names that exist.

/// A hint for a name that does not exist: the one that was likely meant, else all there are.
///
/// `kind` is the plural of what is named, such as `binaries`.
pub(crate) fn nearest<'a>(kind: &str, typed: &str, existing: impl IntoIterator<Item = &'a str>) -> String {
    let existing: Vec<&str> = existing.into_iter().collect();
    let distance = |name: &&&str| strsim::damerau_levenshtein(typed, name);
    match existing.iter().min_by_key(distance) {
        None => format!("there are no {kind}"),
        // The measure that cargo uses for its own suggestions: a third of the word may differ.
        Some(name) if distance(&name) <= typed.chars().count().max(3) / 3 => format!("did you mean `{name}`?"),
        Some(_) => {
            let names: Vec<_> = existing.iter().map(|name| format!("`{name}`")).collect();
            format!("the {kind} are {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_gets_the_name_and_a_stranger_gets_the_list() {
        assert_eq!(nearest("binaries", "helo", ["api", "hello"]), "did you mean `hello`?");
        assert_eq!(nearest("binaries", "worker", ["api", "hello"]), "the binaries are `api`, `hello`");
        assert_eq!(nearest("binaries", "worker", []), "there are no binaries");
    }
}
