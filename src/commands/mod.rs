//! One file for each command, which reads as the steps of the command. The work is done in other modules.
//!
//! Each command is a function from its arguments and the [`Session`](crate::session::Session) to the exit code.

mod build;
mod check;
mod completions;
mod doctor;
mod invoke;
mod man;
mod pack;

pub(crate) use build::run as build;
pub(crate) use check::run as check;
pub(crate) use completions::run as completions;
pub(crate) use doctor::run as doctor;
pub(crate) use invoke::run as invoke;
pub(crate) use man::run as man;
pub(crate) use pack::run as pack;
