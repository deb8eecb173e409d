//! The files of a zip as folders in folders, each as heavy as what is in it.

use std::collections::BTreeMap;

/// Folders below this depth are part of their files' names: nobody would see them, and a zip may have thousands.
const DEPTH: usize = 8;

/// What a file is, as far as its colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Program,
    Library,
    Script,
    File,
    Link,
    Broken,
    /// A part of a program or library.
    Section,
    /// Many small things.
    Rest,
}

impl Kind {
    /// The name in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Library => "library",
            Self::Script => "script",
            Self::File => "file",
            Self::Link => "link",
            Self::Broken => "broken",
            Self::Section => "section",
            Self::Rest => "rest",
        }
    }
}

/// A file with its share of the room.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// In bytes.
    pub(super) weight: u64,
    pub(super) kind: Kind,
    /// The row of the table that is about it.
    pub(super) row: usize,
    /// What more there is to say of it.
    pub(super) note: String,
    /// The parts that are known of it, by name.
    pub(super) parts: Vec<(String, u64)>,
}

/// A file or folder with its weight.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) weight: u64,
    pub(super) contents: NodeContents,
}

#[derive(Debug, Clone)]
pub(super) enum NodeContents {
    File(Leaf),
    /// The heaviest first.
    Folder(Vec<Node>),
}

#[derive(Default)]
struct Folder {
    folders: BTreeMap<String, Folder>,
    files: Vec<(String, Leaf)>,
}

/// Sorts files by their paths into folders. What weighs nothing is left out.
pub(super) fn tree(files: impl IntoIterator<Item = (String, Leaf)>) -> Vec<Node> {
    let mut root = Folder::default();
    for (path, leaf) in files.into_iter().filter(|(_, leaf)| leaf.weight > 0) {
        let mut folder = &mut root;
        let mut rest = path.as_str();
        for _ in 0..DEPTH {
            let Some((name, below)) = rest.split_once('/') else { break };
            folder = folder.folders.entry(name.to_owned()).or_default();
            rest = below;
        }
        folder.files.push((rest.to_owned(), leaf));
    }
    root.nodes()
}

impl Folder {
    fn nodes(self) -> Vec<Node> {
        let folders = self.folders.into_iter().map(|(name, folder)| {
            let nodes = folder.nodes();
            match <[Node; 1]>::try_from(nodes) {
                // A folder with nothing but a folder in it is one with that.
                Ok([Node { name: inner, weight, contents: contents @ NodeContents::Folder(_) }]) => {
                    Node { name: format!("{name}/{inner}"), weight, contents }
                }
                Ok(only) => folder_of(name, only.into()),
                Err(nodes) => folder_of(name, nodes),
            }
        });
        let files = self.files.into_iter();
        let files = files.map(|(name, leaf)| Node { name, weight: leaf.weight, contents: NodeContents::File(leaf) });
        let mut nodes: Vec<_> = folders.chain(files).collect();
        nodes.sort_by(|one, other| other.weight.cmp(&one.weight).then_with(|| one.name.cmp(&other.name)));
        nodes
    }
}

fn folder_of(name: String, nodes: Vec<Node>) -> Node {
    let weight = nodes.iter().fold(0, |sum: u64, node| sum.saturating_add(node.weight));
    Node { name: name + "/", weight, contents: NodeContents::Folder(nodes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(weight: u64) -> Leaf {
        Leaf { weight, kind: Kind::File, row: 0, note: String::new(), parts: Vec::new() }
    }

    fn outline(nodes: &[Node]) -> String {
        let lines = nodes.iter().map(|node| match &node.contents {
            NodeContents::File(_) => format!("{} {}", node.name, node.weight),
            NodeContents::Folder(nodes) => format!("{} {} [{}]", node.name, node.weight, outline(nodes)),
        });
        lines.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_heaviest_comes_first_at_every_level() {
        let files = [("a", 1), ("data/small", 2), ("data/large", 5), ("bootstrap", 6), ("empty", 0)];
        let nodes = tree(files.map(|(path, weight)| (path.to_owned(), leaf(weight))));
        assert_eq!(outline(&nodes), "data/ 7 [large 5, small 2], bootstrap 6, a 1");
    }

    #[test]
    fn a_chain_of_folders_is_one() {
        let nodes = tree([("a/b/c/file".to_owned(), leaf(1)), ("a/b/c/other".to_owned(), leaf(1))]);
        assert_eq!(outline(&nodes), "a/b/c/ 2 [file 1, other 1]");
    }

    #[test]
    fn thousands_of_folders_in_one_another_are_no_danger() {
        let nodes = tree([("x/".repeat(30_000) + "file", leaf(1)), ("y".to_owned(), leaf(u64::MAX))]);
        assert_eq!(nodes.len(), 2);
    }
}
