//! The files of a zip as a tree of directories, each with the sum of the sizes in it.

use std::collections::BTreeMap;

/// Directories below this depth become part of the file names. They would be too small to see, and a zip may have
/// thousands of them.
const MAX_DEPTH: usize = 8;

/// What a tile shows. Each kind has its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TileKind {
    Program,
    Library,
    Script,
    File,
    Link,
    Broken,
    /// A part of a program or library.
    Section,
    /// Many small files, or a directory that is drawn as one tile.
    Rest,
}

impl TileKind {
    /// The class in the style sheet.
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

/// A file and its size.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// In bytes.
    pub(super) weight: u64,
    pub(super) kind: TileKind,
    /// The index of its row in the table of entries.
    pub(super) row: usize,
    /// The text that is shown for its tile.
    pub(super) note: String,
    /// The names and sizes of its known parts.
    pub(super) parts: Vec<(String, u64)>,
}

/// A file or a directory, and its size.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) weight: u64,
    pub(super) contents: NodeContents,
}

#[derive(Debug, Clone)]
pub(super) enum NodeContents {
    File(Leaf),
    /// The largest first.
    Directory(Vec<Node>),
}

#[derive(Default)]
struct Directory {
    directories: BTreeMap<String, Directory>,
    files: Vec<(String, Leaf)>,
}

/// Builds the tree from files and their paths. Empty files are left out.
pub(super) fn tree(files: impl IntoIterator<Item = (String, Leaf)>) -> Vec<Node> {
    let mut root = Directory::default();
    for (path, leaf) in files.into_iter().filter(|(_, leaf)| leaf.weight > 0) {
        let mut directory = &mut root;
        let mut rest = path.as_str();
        for _ in 0..MAX_DEPTH {
            let Some((name, below)) = rest.split_once('/') else { break };
            directory = directory.directories.entry(name.to_owned()).or_default();
            rest = below;
        }
        directory.files.push((rest.to_owned(), leaf));
    }
    root.nodes()
}

impl Directory {
    fn nodes(self) -> Vec<Node> {
        let directories = self.directories.into_iter().map(|(name, directory)| {
            let nodes = directory.nodes();
            match <[Node; 1]>::try_from(nodes) {
                // A directory that contains only one directory is merged with it.
                Ok([Node { name: inner, weight, contents: contents @ NodeContents::Directory(_) }]) => {
                    Node { name: format!("{name}/{inner}"), weight, contents }
                }
                Ok(only) => directory_node(name, only.into()),
                Err(nodes) => directory_node(name, nodes),
            }
        });
        let files = self.files.into_iter();
        let files = files.map(|(name, leaf)| Node { name, weight: leaf.weight, contents: NodeContents::File(leaf) });
        let mut nodes: Vec<_> = directories.chain(files).collect();
        nodes.sort_by(|one, other| other.weight.cmp(&one.weight).then_with(|| one.name.cmp(&other.name)));
        nodes
    }
}

fn directory_node(name: String, nodes: Vec<Node>) -> Node {
    let weight = nodes.iter().fold(0, |sum: u64, node| sum.saturating_add(node.weight));
    Node { name: name + "/", weight, contents: NodeContents::Directory(nodes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(weight: u64) -> Leaf {
        Leaf { weight, kind: TileKind::File, row: 0, note: String::new(), parts: Vec::new() }
    }

    fn outline(nodes: &[Node]) -> String {
        let lines = nodes.iter().map(|node| match &node.contents {
            NodeContents::File(_) => format!("{} {}", node.name, node.weight),
            NodeContents::Directory(nodes) => format!("{} {} [{}]", node.name, node.weight, outline(nodes)),
        });
        lines.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_largest_comes_first_at_every_level() {
        let files = [("a", 1), ("data/small", 2), ("data/large", 5), ("bootstrap", 6), ("empty", 0)];
        let nodes = tree(files.map(|(path, weight)| (path.to_owned(), leaf(weight))));
        assert_eq!(outline(&nodes), "data/ 7 [large 5, small 2], bootstrap 6, a 1");
    }

    #[test]
    fn a_chain_of_directories_is_merged() {
        let nodes = tree([("a/b/c/file".to_owned(), leaf(1)), ("a/b/c/other".to_owned(), leaf(1))]);
        assert_eq!(outline(&nodes), "a/b/c/ 2 [file 1, other 1]");
    }

    #[test]
    fn thousands_of_nested_directories_do_not_overflow_the_stack() {
        let nodes = tree([("x/".repeat(30_000) + "file", leaf(1)), ("y".to_owned(), leaf(u64::MAX))]);
        assert_eq!(nodes.len(), 2);
    }
}
