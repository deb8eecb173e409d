//! What this machine can build and with which linker, and preparing it.

mod c_code;
mod choose;
mod doctor;
mod failed;
mod install;
mod linker;
mod remedy;
mod survey;
pub(crate) mod zig;

pub(crate) use c_code::Graph;
pub(crate) use choose::{Choice, Doubt, choose};
pub(crate) use doctor::{Diagnosis, TargetDiagnosis};
pub(crate) use failed::advice;
pub(crate) use install::add_targets;
pub(crate) use linker::Linker;
pub(crate) use remedy::missing_lockfile;
#[cfg(test)]
pub(crate) use survey::TargetSurvey;
pub(crate) use survey::{GraphSource, Survey};
pub(crate) use zig::ZigSurvey;
