//! Squarified treemaps: rectangles whose areas are given, and which are close to squares.
//!
//! After Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000): a row along the shorter side takes one weight after
//! another, as long as that makes its longest rectangle more like a square.

/// A rectangle, in any unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rectangle {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rectangle {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { left: 0.0, top: 0.0, width, height }
    }
}

/// Returns one rectangle for each weight, in the same order. Together they fill the area. Weights must be positive and in
/// descending order.
pub(super) fn squarify(weights: &[f64], area: Rectangle) -> Vec<Rectangle> {
    let mut placed = Vec::with_capacity(weights.len());
    let mut left = weights;
    let mut free = area;
    let mut sum: f64 = weights.iter().sum();
    while !left.is_empty() {
        let scale = free.width * free.height / sum;
        let side = free.width.min(free.height);
        let count = row_length(left, scale, side);
        let (row, rest) = left.split_at(count);
        let row_sum: f64 = row.iter().sum();
        place_row(row, row_sum, &mut free, sum, &mut placed);
        sum -= row_sum;
        left = rest;
    }
    placed
}

/// The number of weights that form the best row along a side of this length.
fn row_length(weights: &[f64], scale: f64, side: f64) -> usize {
    let largest = weights[0] * scale;
    let mut sum = 0.0;
    let mut best = f64::INFINITY;
    for (index, weight) in weights.iter().enumerate() {
        let smallest = weight * scale;
        sum += smallest;
        let worst = (side * side * largest / (sum * sum)).max(sum * sum / (side * side * smallest));
        if worst > best {
            return index;
        }
        best = worst;
    }
    weights.len()
}

/// Places a row along the shorter side of the free area, and removes it from that area.
fn place_row(row: &[f64], row_sum: f64, free: &mut Rectangle, sum: f64, placed: &mut Vec<Rectangle>) {
    let share = row_sum / sum;
    let mut offset = 0.0;
    let is_column = free.width >= free.height;
    let depth = if is_column { free.width * share } else { free.height * share };
    for weight in row {
        let part = weight / row_sum;
        let Rectangle { left, top, width, height } = *free;
        placed.push(if is_column {
            Rectangle { left, top: top + offset * height, width: depth, height: part * height }
        } else {
            Rectangle { left: left + offset * width, top, width: part * width, height: depth }
        });
        offset += part;
    }
    if is_column {
        free.left += depth;
        free.width -= depth;
    } else {
        free.top += depth;
        free.height -= depth;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(rectangle: &Rectangle) -> f64 {
        rectangle.width * rectangle.height
    }

    #[test]
    fn areas_are_the_weights_and_fill_the_area() {
        let weights = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0];
        let placed = squarify(&weights, Rectangle::new(6.0, 4.0));
        assert_eq!(placed.len(), weights.len());
        for (weight, rectangle) in weights.iter().zip(&placed) {
            assert!((area(rectangle) - weight).abs() < 1e-9, "{rectangle:?}");
            assert!(rectangle.left >= 0.0 && rectangle.left + rectangle.width <= 6.0 + 1e-9);
            assert!(rectangle.top >= 0.0 && rectangle.top + rectangle.height <= 4.0 + 1e-9);
        }
        // The example of the paper: the first column holds the two largest, one over the other.
        assert_eq!((placed[0].width, placed[0].height), (3.0, 2.0));
        assert_eq!((placed[1].left, placed[1].top), (0.0, 2.0));
    }

    #[test]
    fn no_two_rectangles_overlap() {
        let weights: Vec<_> = (1..40_i32).rev().map(f64::from).collect();
        let placed = squarify(&weights, Rectangle::new(1000.0, 520.0));
        for (index, one) in placed.iter().enumerate() {
            for other in &placed[index + 1..] {
                let apart = one.left + one.width <= other.left + 1e-6
                    || other.left + other.width <= one.left + 1e-6
                    || one.top + one.height <= other.top + 1e-6
                    || other.top + other.height <= one.top + 1e-6;
                assert!(apart, "{one:?} {other:?}");
            }
            let ratio = one.width / one.height;
            assert!((0.2..5.0).contains(&ratio), "{one:?} is far from a square");
        }
    }

    #[test]
    fn one_weight_gets_the_whole_area_and_no_weight_gets_nothing() {
        let area = Rectangle::new(10.0, 5.0);
        assert_eq!(squarify(&[3.0], area), [area]);
        assert_eq!(squarify(&[], area), []);
    }
}
