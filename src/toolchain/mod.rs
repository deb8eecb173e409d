//! What this machine can build and with which linker, and preparing it.

mod install;
mod linker;
mod survey;

pub(crate) use install::add_targets;
pub(crate) use linker::Linker;
pub(crate) use survey::Survey;
#[cfg(test)]
pub(crate) use survey::TargetSurvey;
