//! What every rule is given: the zip, the layers of its function, and what they are checked against.

use std::cell::Cell;

use lambda_platform::Runtime;

use super::{Expectation, ZipView};

/// The input of every rule.
pub(super) struct CheckContext<'a> {
    pub(super) view: &'a ZipView,
    pub(super) layers: &'a [ZipView],
    pub(super) expectation: &'a Expectation,
    /// Set when something was not followed to its end because that would take too long.
    is_incomplete: Cell<bool>,
}

impl<'a> CheckContext<'a> {
    /// Starts a check. The step counters of the views start at zero, so that the same view always gives the same answer.
    pub(super) fn new(view: &'a ZipView, layers: &'a [ZipView], expectation: &'a Expectation) -> Self {
        for zip in layers.iter().chain([view]) {
            zip.reset_steps();
        }
        Self { view, layers, expectation, is_incomplete: Cell::new(false) }
    }

    pub(super) fn runtime(&self) -> Runtime {
        self.expectation.runtime.unwrap_or(Runtime::AL2023)
    }

    /// The absolute directory that the zip is unpacked to.
    pub(super) fn root(&self) -> &'static str {
        self.expectation.kind.root()
    }

    /// Records that something was not followed to its end.
    pub(super) fn mark_incomplete(&self) {
        self.is_incomplete.set(true);
    }

    /// Whether something was not followed to its end.
    pub(super) fn ran_out_of_steps(&self) -> bool {
        self.is_incomplete.get() || self.layers.iter().chain([self.view]).any(ZipView::ran_out_of_steps)
    }
}
