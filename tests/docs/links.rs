//! The targets of the pages' links exist.

use test_support::repository;

use crate::page::{Page, pages};

#[test]
fn every_relative_link_has_a_target() {
    let pages = pages();
    let mut broken = Vec::new();
    for page in &pages {
        for link in page.links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            if let Some(reason) = broken_link(page, link, &pages) {
                broken.push(format!("{}: `{link}`: {reason}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn broken_link(page: &Page, link: &str, pages: &[Page]) -> Option<&'static str> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() { page.target(page.name.rsplit('/').next()?) } else { page.target(path) };
    let Ok(target) = target.canonicalize() else { return Some("there is no such file") };
    if anchor.is_empty() {
        return None;
    }
    let is_target = |page: &&Page| page.target(page.name.rsplit('/').next().unwrap()).canonicalize().unwrap() == target;
    match pages.iter().find(is_target) {
        Some(page) if page.anchors().iter().any(|known| known == anchor) => None,
        Some(_) => Some("there is no such heading"),
        None => Some("an anchor in a file that is no page"),
    }
}

#[test]
fn every_page_of_the_documentation_is_in_its_contents() {
    let pages = pages();
    let contents = pages.iter().find(|page| page.name == "docs/README.md").expect("the contents");
    let listed: Vec<_> = contents.links.iter().filter_map(|link| contents.target(link).canonicalize().ok()).collect();
    // The pages of measurements are written by `cargo bench`, and listed with it.
    let is_listed = |name: &str| name.starts_with("docs/") && !name.starts_with("docs/measurements/");
    for page in pages.iter().filter(|page| is_listed(&page.name) && page.name != contents.name) {
        let path = repository().join(&page.name).canonicalize().unwrap();
        assert!(listed.contains(&path), "`{}` is not in `docs/README.md`", page.name);
    }
}
