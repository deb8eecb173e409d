//! The treemap of a zip: tiles in tiles, placed by rules of the style sheet, so that the page needs no script for it.

use std::fmt::Write;

use maud::{Markup, html};

use super::squarify::{Rectangle, squarify};
use super::tree::{Kind, Leaf, Node, NodeContents};
use crate::report::human_bytes;

/// The size for which a map is laid out, in CSS pixels. It is stretched to the room that there is.
const AREA: Rectangle = Rectangle { left: 0.0, top: 0.0, width: 1040.0, height: 500.0 };

/// What the name and the border of a folder take of its height and width, as in the style sheet.
const FOLDER_HEIGHT: f64 = 26.0;
const FOLDER_WIDTH: f64 = 6.0;

/// A folder on less room than this is one tile.
const LEAST_FOLDER: (f64, f64) = (80.0, 64.0);

/// What is lighter than this part of the whole shares one tile with its like, and so does what is beyond so many.
const LEAST_SHARE: f64 = 0.0002;
const MOST_TILES: usize = 100;

/// Draws maps, each rectangle under an id that is its own on the page.
#[derive(Default)]
pub(super) struct Painter {
    /// The rules that place the tiles.
    pub(super) rules: String,
    count: usize,
}

/// What is drawn as one tile or, where there is room, as several.
struct Tile<'a> {
    name: &'a str,
    weight: u64,
    note: String,
    kind: Kind,
    row: Option<usize>,
    inner: Vec<Tile<'a>>,
    is_folder: bool,
}

impl Painter {
    /// The map of a zip, whose table has rows with this prefix.
    pub(super) fn map(&mut self, nodes: &[Node], rows: &str) -> Markup {
        let total = nodes.iter().fold(0, |sum: u64, node| sum.saturating_add(node.weight));
        let tiles = nodes.iter().map(tile_of).collect();
        self.tiles(tiles, AREA, as_float(total), rows)
    }

    fn tiles(&mut self, tiles: Vec<Tile<'_>>, area: Rectangle, total: f64, rows: &str) -> Markup {
        let tiles = merged(tiles, total);
        let weights: Vec<_> = tiles.iter().map(|tile| as_float(tile.weight)).collect();
        let placed = squarify(&weights, area);
        html! {
            @for (tile, place) in tiles.into_iter().zip(placed) {
                (self.tile(tile, place, area, total, rows))
            }
        }
    }

    fn tile(&mut self, tile: Tile<'_>, place: Rectangle, area: Rectangle, total: f64, rows: &str) -> Markup {
        let id = self.place(place, area);
        let Tile { name, weight, note, kind, row, inner, is_folder } = tile;
        let size = human_bytes(weight);
        if !inner.is_empty() && place.width >= LEAST_FOLDER.0 && place.height >= LEAST_FOLDER.1 {
            let inside = Rectangle::new(place.width - FOLDER_WIDTH, place.height - FOLDER_HEIGHT);
            return html! {
                div.group id=(id) title=(note) {
                    span { (name) " " small.quiet { (size) } }
                    div.inner { (self.tiles(inner, inside, total, rows)) }
                }
            };
        }
        let class = if is_folder { Kind::Rest.class() } else { kind.class() };
        html! {
            @if let Some(row) = row {
                a.tile.(class) id=(id) href={ "#" (rows) (row) } title=(note) { span { (name) } small { (size) } }
            } @else {
                div.tile.(class) id=(id) title=(note) tabindex="0" { span { (name) } small { (size) } }
            }
        }
    }

    /// Adds the rule for a rectangle in an area, and returns the id that it is for.
    fn place(&mut self, place: Rectangle, area: Rectangle) -> String {
        self.count += 1;
        let id = format!("t{}", self.count);
        let percent = |part: f64, whole: f64| 100.0 * part / whole;
        writeln!(
            self.rules,
            "#{id}{{left:{:.2}%;top:{:.2}%;width:{:.2}%;height:{:.2}%}}",
            percent(place.left - area.left, area.width),
            percent(place.top - area.top, area.height),
            percent(place.width, area.width),
            percent(place.height, area.height),
        )
        .expect("writing to a string does not fail");
        id
    }

    /// Adds a rule for a bar that is filled to this part, and returns the id that it is for.
    pub(super) fn bar(&mut self, part: f64) -> String {
        self.count += 1;
        let id = format!("t{}", self.count);
        writeln!(self.rules, "#{id}{{width:{:.2}%}}", 100.0 * part.clamp(0.0, 1.0))
            .expect("writing to a string does not fail");
        id
    }
}

fn tile_of(node: &Node) -> Tile<'_> {
    let Node { name, weight, contents } = node;
    match contents {
        NodeContents::File(leaf) => file(name, leaf),
        NodeContents::Folder(nodes) => Tile {
            name,
            weight: *weight,
            note: format!("{name}: {} in {} entries", human_bytes(*weight), nodes.len()),
            kind: Kind::Rest,
            row: None,
            inner: nodes.iter().map(tile_of).collect(),
            is_folder: true,
        },
    }
}

/// A file, with its sections in it where they are known.
fn file<'a>(name: &'a str, leaf: &'a Leaf) -> Tile<'a> {
    let part = |name: &'a str, weight, kind, meaning: &str| Tile {
        name,
        weight,
        note: format!(
            "{name} of {}: {}{meaning}",
            leaf.note.split(':').next().unwrap_or_default(),
            human_bytes(weight)
        ),
        kind,
        row: Some(leaf.row),
        inner: Vec::new(),
        is_folder: false,
    };
    let parts = leaf.parts.iter().filter(|(_, size)| *size > 0);
    let mut inner: Vec<_> = parts.map(|(name, size)| part(name, *size, Kind::Section, meaning(name))).collect();
    let known = inner.iter().fold(0, |sum: u64, tile| sum.saturating_add(tile.weight));
    match leaf.weight.checked_sub(known) {
        // Sections that overlap say nothing about room.
        None => inner.clear(),
        Some(rest) if rest > 0 && !inner.is_empty() => {
            inner.push(part("other parts", rest, Kind::Rest, ", headers and what lies between the sections"));
        }
        Some(_) => {}
    }
    Tile {
        name,
        weight: leaf.weight,
        note: leaf.note.clone(),
        kind: leaf.kind,
        row: Some(leaf.row),
        inner,
        is_folder: false,
    }
}

/// The tiles that are drawn, the heaviest first; many small ones are one.
fn merged(mut tiles: Vec<Tile<'_>>, total: f64) -> Vec<Tile<'_>> {
    tiles.retain(|tile| tile.weight > 0);
    tiles.sort_by(|one, other| other.weight.cmp(&one.weight).then_with(|| one.name.cmp(other.name)));
    let shown = tiles.iter().take_while(|tile| as_float(tile.weight) >= total * LEAST_SHARE).count().min(MOST_TILES);
    if tiles.len() - shown < 2 {
        return tiles;
    }
    let rest = tiles.split_off(shown);
    let weight = rest.iter().fold(0, |sum: u64, tile| sum.saturating_add(tile.weight));
    let note = format!("{} smaller: {}", rest.len(), human_bytes(weight));
    tiles.push(Tile { name: "…", weight, note, kind: Kind::Rest, row: None, inner: Vec::new(), is_folder: false });
    tiles.sort_by_key(|tile| std::cmp::Reverse(tile.weight));
    tiles
}

#[expect(clippy::cast_precision_loss, reason = "areas on a screen need no more")]
fn as_float(weight: u64) -> f64 {
    weight as f64
}

/// What a section of an executable is for, where that is common knowledge.
pub(super) fn meaning(section: &str) -> &'static str {
    match section {
        ".text" => ", machine code",
        ".rodata" => ", constants and texts",
        ".data" | ".tdata" => ", variables with a value",
        ".data.rel.ro" => ", constants with addresses in them",
        ".eh_frame" | ".eh_frame_hdr" => ", how to unwind the stack",
        ".gcc_except_table" => ", what to run when a panic unwinds",
        ".rela.dyn" | ".rela.plt" | ".relr.dyn" => ", addresses to adjust when it is loaded",
        ".gopclntab" | ".gosymtab" => ", Go's table of functions and lines",
        ".symtab" | ".strtab" => ", symbols that nothing reads at run time: strip them",
        ".dynsym" | ".dynstr" | ".gnu.hash" | ".hash" => ", symbols for the loader",
        section if section.starts_with(".debug_") || section.starts_with(".zdebug_") => {
            ", debug information that nothing reads at run time"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(name: &str, weight: u64, parts: &[(&str, u64)]) -> Node {
        let parts = parts.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect();
        let leaf = Leaf { weight, kind: Kind::Program, row: 7, note: format!("{name}: large"), parts };
        Node { name: name.to_owned(), weight, contents: NodeContents::File(leaf) }
    }

    #[test]
    fn every_tile_has_a_rule_that_places_it() {
        let mut painter = Painter::default();
        let map = painter.map(&[leaf("a", 75, &[]), leaf("b", 25, &[])], "z1-e").into_string();
        assert!(map.contains(r##"<a class="tile program" id="t1" href="#z1-e7" title="a: large">"##), "{map}");
        assert_eq!(
            painter.rules,
            "#t1{left:0.00%;top:0.00%;width:75.00%;height:100.00%}\n\
             #t2{left:75.00%;top:0.00%;width:25.00%;height:100.00%}\n"
        );
    }

    #[test]
    fn sections_fill_their_file_unless_they_overlap() {
        let mut painter = Painter::default();
        let map = painter.map(&[leaf("a", 100, &[(".text", 60), (".rodata", 30)])], "e").into_string();
        assert!(map.contains("other parts") && map.contains(".text of a: 60 B, machine code"), "{map}");
        let map = painter.map(&[leaf("a", 100, &[(".text", 60), (".rodata", 60)])], "e").into_string();
        assert!(!map.contains(".text"), "{map}");
    }

    #[test]
    fn many_small_files_share_a_tile() {
        let files: Vec<_> = (0..5000).map(|index| leaf(&index.to_string(), 1 + index, &[])).collect();
        let map = Painter::default().map(&files, "e").into_string();
        assert_eq!(map.matches("class=\"tile").count(), MOST_TILES + 1);
        assert!(map.contains("4900 smaller"), "{map}");
    }
}
