//! Hints for unknown names: "did you mean", or a list of the names that exist.

/// A hint for an unknown name: the existing name that is closest to it, or all of them if none is close.
///
/// `kind` is what is named, in the plural, such as `binaries`.
pub(crate) fn nearest<'a>(kind: &str, typed: &str, existing: impl IntoIterator<Item = &'a str>) -> String {
    let existing: Vec<&str> = existing.into_iter().collect();
    let distance = |name: &&&str| strsim::damerau_levenshtein(typed, name);
    match existing.iter().min_by_key(distance) {
        None => format!("there are no {kind}"),
        // Cargo's own limit for suggestions: a third of the letters may differ.
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
    fn a_typo_gets_the_closest_name_and_an_unrelated_name_gets_the_list() {
        assert_eq!(nearest("binaries", "helo", ["api", "hello"]), "did you mean `hello`?");
        assert_eq!(nearest("binaries", "worker", ["api", "hello"]), "the binaries are `api`, `hello`");
        assert_eq!(nearest("binaries", "worker", []), "there are no binaries");
    }
}
