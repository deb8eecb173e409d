//! `--report-html`: one page about the zips of a run.
//!
//! The page is a single file that loads nothing else, neither from the network nor from the disk. Text that comes from a
//! zip cannot be trusted, so it is escaped everywhere. The same zips give the same bytes.

mod contents;
mod destination;
mod document;
mod executable;
mod map;
mod model;
mod pages;
mod squarify;
mod tree;
mod widgets;
mod zip_page;

pub(crate) use contents::CheckedContents;
pub(crate) use destination::report_page_path;
pub(crate) use pages::{write_checked_page, write_page};
