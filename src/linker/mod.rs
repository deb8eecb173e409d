//! What this machine can build and with which linker, and preparing it.

mod choose;
mod doctor;
mod failed;
mod graph;
mod hints;
mod install;
mod kind;
mod prepare;

mod survey;
pub(crate) mod zig;

pub(crate) use choose::{Choice, LinkWarning, choose};
pub(crate) use doctor::{Diagnosis, TargetDiagnosis};
pub(crate) use failed::advice;
pub(crate) use graph::{CCrate, Graph};
pub(crate) use hints::missing_lockfile;
pub(crate) use install::add_targets;
pub(crate) use kind::Linker;
pub(crate) use prepare::prepare;
#[cfg(test)]
pub(crate) use survey::TargetSurvey;
pub(crate) use survey::{GraphSource, Survey};
pub(crate) use zig::ZigSurvey;
