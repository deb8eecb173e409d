//! How much of a limit a size takes up.

/// A size and a limit, both in bytes. The limit is not 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) size: u64,
    pub(super) limit: u64,
}

/// How close a size is to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    Below,
    /// So close that the next dependency may exceed the limit.
    Nearly,
    /// At or over the limit. A size has to stay below it.
    Over,
}

/// The percentage of a limit from which it counts as nearly reached.
const NEARLY_FULL: u64 = 80;

impl Share {
    fn percent(self) -> u64 {
        self.size.saturating_mul(100) / self.limit
    }

    /// The share in whole percent, rounded down.
    pub(super) fn percent_text(self) -> String {
        match self.percent() {
            0 => "<1 %".to_owned(),
            percent => format!("{percent} %"),
        }
    }

    pub(super) fn fill(self) -> Fill {
        match self.percent() {
            100.. => Fill::Over,
            NEARLY_FULL.. => Fill::Nearly,
            _ => Fill::Below,
        }
    }
}
