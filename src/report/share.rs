//! How much of a limit something takes, wherever a report shows it.

/// A size against a limit, both in bytes. The limit is not 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) size: u64,
    pub(super) limit: u64,
}

/// How near a share is to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    Below,
    /// The next dependency may cross the limit.
    Nearly,
    /// At the limit, which has to be kept below, or over it.
    Over,
}

/// From this share of a limit on, in percent, it is nearly reached.
const NEARLY_FULL: u64 = 80;

impl Share {
    fn percent(self) -> u64 {
        self.size.saturating_mul(100) / self.limit
    }

    /// In whole percent, cut off.
    pub(super) fn in_words(self) -> String {
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
