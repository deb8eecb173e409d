//! The treemap of a zip: nested tiles whose areas are sizes. Style rules place the tiles, so the map needs no script.

use maud::{Markup, html};

use super::squarify::{Rectangle, squarify};
use super::tree::{Leaf, Node, NodeContents, TileKind};
use super::widgets::{StyleRules, section_purpose};
use crate::report::human_bytes;

/// The size for which a map is laid out, in CSS pixels. The browser stretches it to the size that it has.
const AREA: Rectangle = Rectangle { left: 0.0, top: 0.0, width: 1040.0, height: 500.0 };

/// The height and width that the name and the border of a directory take up, as in the style sheet.
const FRAME_HEIGHT: f64 = 26.0;
const FRAME_WIDTH: f64 = 6.0;

/// A directory with less width or height than this is drawn as one tile.
const MIN_DIRECTORY_SIZE: (f64, f64) = (80.0, 64.0);

/// Files that are smaller than this part of the zip are merged into one tile.
const MIN_SHARE: f64 = 0.0002;

/// The most tiles in one directory; the smaller ones are merged.
const MAX_TILES: usize = 100;

/// A file, section or directory. It is drawn as one tile, or as nested tiles if it is large enough.
struct Tile<'a> {
    name: &'a str,
    weight: u64,
    note: String,
    kind: TileKind,
    row: Option<usize>,
    inner: Vec<Tile<'a>>,
    is_directory: bool,
}

/// Draws the map of a zip. `rows` is the prefix of the ids of the rows that tiles link to.
pub(super) fn map(nodes: &[Node], rows: &str, styles: &mut StyleRules) -> Markup {
    let total = nodes.iter().fold(0, |sum: u64, node| sum.saturating_add(node.weight));
    let tiles = nodes.iter().map(tile_of).collect();
    Map { rows, total: as_float(total), styles }.tiles(tiles, AREA)
}

/// A map that is being drawn.
struct Map<'m> {
    rows: &'m str,
    /// The size of the whole zip.
    total: f64,
    styles: &'m mut StyleRules,
}

impl Map<'_> {
    fn tiles(&mut self, tiles: Vec<Tile<'_>>, area: Rectangle) -> Markup {
        let tiles = merge_small(tiles, self.total);
        let weights: Vec<_> = tiles.iter().map(|tile| as_float(tile.weight)).collect();
        let placed = squarify(&weights, area);
        html! {
            @for (tile, place) in tiles.into_iter().zip(placed) {
                (self.tile(tile, place, area))
            }
        }
    }

    fn tile(&mut self, tile: Tile<'_>, place: Rectangle, area: Rectangle) -> Markup {
        let id = self.styles.add(&placement(place, area));
        let Tile { name, weight, note, kind, row, inner, is_directory } = tile;
        let size = human_bytes(weight);
        if !inner.is_empty() && place.width >= MIN_DIRECTORY_SIZE.0 && place.height >= MIN_DIRECTORY_SIZE.1 {
            let inside = Rectangle::new(place.width - FRAME_WIDTH, place.height - FRAME_HEIGHT);
            return html! {
                div.group id=(id) title=(note) {
                    span { (name) " " small.quiet { (size) } }
                    div.inner { (self.tiles(inner, inside)) }
                }
            };
        }
        let class = if is_directory { TileKind::Rest.class() } else { kind.class() };
        html! {
            @if let Some(row) = row {
                a.tile.(class) id=(id) href={ "#" (self.rows) (row) } title=(note) { span { (name) } small { (size) } }
            } @else {
                div.tile.(class) id=(id) title=(note) tabindex="0" { span { (name) } small { (size) } }
            }
        }
    }
}

/// The declarations that place a rectangle in an area.
fn placement(place: Rectangle, area: Rectangle) -> String {
    let percent = |part: f64, whole: f64| 100.0 * part / whole;
    format!(
        "left:{:.2}%;top:{:.2}%;width:{:.2}%;height:{:.2}%",
        percent(place.left - area.left, area.width),
        percent(place.top - area.top, area.height),
        percent(place.width, area.width),
        percent(place.height, area.height),
    )
}

fn tile_of(node: &Node) -> Tile<'_> {
    let Node { name, weight, contents } = node;
    match contents {
        NodeContents::File(leaf) => file(name, leaf),
        NodeContents::Directory(nodes) => Tile {
            name,
            weight: *weight,
            note: format!("{name}: {} in {} entries", human_bytes(*weight), nodes.len()),
            kind: TileKind::Rest,
            row: None,
            inner: nodes.iter().map(tile_of).collect(),
            is_directory: true,
        },
    }
}

/// The tile of a file, with its sections as inner tiles if they are known.
fn file<'a>(name: &'a str, leaf: &'a Leaf) -> Tile<'a> {
    let part = |name: &'a str, weight, kind, purpose: &str| Tile {
        name,
        weight,
        note: format!(
            "{name} of {}: {}{purpose}",
            leaf.note.split(':').next().unwrap_or_default(),
            human_bytes(weight)
        ),
        kind,
        row: Some(leaf.row),
        inner: Vec::new(),
        is_directory: false,
    };
    let parts = leaf.parts.iter().filter(|(_, size)| *size > 0);
    let mut inner: Vec<_> =
        parts.map(|(name, size)| part(name, *size, TileKind::Section, section_purpose(name))).collect();
    let known = inner.iter().fold(0, |sum: u64, tile| sum.saturating_add(tile.weight));
    match leaf.weight.checked_sub(known) {
        // Sections that overlap do not add up to the size of the file.
        None => inner.clear(),
        Some(rest) if rest > 0 && !inner.is_empty() => {
            inner.push(part("other parts", rest, TileKind::Rest, ", headers and what lies between the sections"));
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
        is_directory: false,
    }
}

/// The tiles to draw, the largest first, with all small ones merged into one.
fn merge_small(mut tiles: Vec<Tile<'_>>, total: f64) -> Vec<Tile<'_>> {
    tiles.retain(|tile| tile.weight > 0);
    tiles.sort_by(|one, other| other.weight.cmp(&one.weight).then_with(|| one.name.cmp(other.name)));
    let shown = tiles.iter().take_while(|tile| as_float(tile.weight) >= total * MIN_SHARE).count().min(MAX_TILES);
    if tiles.len() - shown < 2 {
        return tiles;
    }
    let rest = tiles.split_off(shown);
    let weight = rest.iter().fold(0, |sum: u64, tile| sum.saturating_add(tile.weight));
    let note = format!("{} smaller: {}", rest.len(), human_bytes(weight));
    tiles.push(Tile {
        name: "…",
        weight,
        note,
        kind: TileKind::Rest,
        row: None,
        inner: Vec::new(),
        is_directory: false,
    });
    tiles.sort_by_key(|tile| std::cmp::Reverse(tile.weight));
    tiles
}

#[expect(clippy::cast_precision_loss, reason = "areas on a screen need no more")]
fn as_float(weight: u64) -> f64 {
    weight as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(name: &str, weight: u64, parts: &[(&str, u64)]) -> Node {
        let parts = parts.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect();
        let leaf = Leaf { weight, kind: TileKind::Program, row: 7, note: format!("{name}: large"), parts };
        Node { name: name.to_owned(), weight, contents: NodeContents::File(leaf) }
    }

    #[test]
    fn every_tile_has_a_style_rule_that_places_it() {
        let mut styles = StyleRules::default();
        let map = map(&[leaf("a", 75, &[]), leaf("b", 25, &[])], "z1-e", &mut styles).into_string();
        assert!(map.contains(r##"<a class="tile program" id="t1" href="#z1-e7" title="a: large">"##), "{map}");
        assert_eq!(
            styles.as_css(),
            "#t1{left:0.00%;top:0.00%;width:75.00%;height:100.00%}\n\
             #t2{left:75.00%;top:0.00%;width:25.00%;height:100.00%}\n"
        );
    }

    #[test]
    fn sections_are_drawn_unless_they_overlap() {
        let draw = |nodes: &[Node]| map(nodes, "e", &mut StyleRules::default()).into_string();
        let map = draw(&[leaf("a", 100, &[(".text", 60), (".rodata", 30)])]);
        assert!(map.contains("other parts") && map.contains(".text of a: 60 B, machine code"), "{map}");
        let map = draw(&[leaf("a", 100, &[(".text", 60), (".rodata", 60)])]);
        assert!(!map.contains(".text"), "{map}");
    }

    #[test]
    fn many_small_files_are_merged() {
        let files: Vec<_> = (0..5000).map(|index| leaf(&index.to_string(), 1 + index, &[])).collect();
        let map = map(&files, "e", &mut StyleRules::default()).into_string();
        assert_eq!(map.matches("class=\"tile").count(), MAX_TILES + 1);
        assert!(map.contains("4900 smaller"), "{map}");
    }
}
