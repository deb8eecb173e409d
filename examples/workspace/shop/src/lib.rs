//! Types that the functions of the shop share: its items and their prices.

use serde::{Deserialize, Serialize};

/// A number of pieces of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The name of the item.
    pub item: String,
    /// The number of pieces.
    pub pieces: u32,
}

impl Line {
    /// The price in cents, or `None` if the shop does not sell the item.
    #[must_use]
    pub fn price(&self) -> Option<u64> {
        let cents_each = match self.item.as_str() {
            "kettle" => 3_490,
            "teapot" => 2_250,
            "cup" => 480,
            _ => return None,
        };
        Some(cents_each * u64::from(self.pieces))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_costs_its_pieces() {
        let line = |item: &str, pieces| Line { item: item.into(), pieces };
        assert_eq!(line("cup", 6).price(), Some(2_880));
        assert_eq!(line("anvil", 1).price(), None);
    }
}
