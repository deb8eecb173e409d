//! Results, for people and for programs: text, JSON, and the HTML page.
//!
//! Stdout carries data only: the paths of zips, or one JSON document.

mod check;
mod diagnosis;
mod findings;
mod help;
mod html;
mod human_bytes;
mod invocations;
mod invoke;
mod json;
mod list;
mod plan;
mod rules;
mod run;
mod samples;
mod share;
mod stdout;
mod summary;
mod zip_description;

pub(crate) use check::{CheckOutcome, CheckReport, CheckedZip, Fit};
pub(crate) use diagnosis::print_diagnosis;
pub(crate) use findings::print_findings;
pub(crate) use help::print_help_or_error;
pub(crate) use html::{CheckedContents, report_page_path, write_checked_page, write_page};
pub(crate) use human_bytes::human_bytes;
pub(crate) use invocations::{InvocationReport, exit_code_of};
pub(crate) use invoke::InvokeReport;
pub(crate) use list::{ContentsList, print_lists};
pub(crate) use plan::print_plan;
pub(crate) use rules::{print_rule, print_rule_json, print_rules, print_rules_json};
pub(crate) use run::{ArchiveReport, Report};
pub(crate) use samples::print_samples;
pub(crate) use stdout::{print_bytes, print_json, print_paths, print_text, print_zip};
pub(crate) use summary::print_summary;
pub(crate) use zip_description::ZipDescription;

use stdout::print_lines;
