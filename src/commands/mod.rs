//! One file for each command. Each reads as the steps of its command; the work is done elsewhere.

mod build;
mod check;
mod completions;
mod doctor;
mod man;
mod pack;

pub(crate) use build::run as build;
pub(crate) use check::run as check;
pub(crate) use completions::run as completions;
pub(crate) use doctor::run as doctor;
pub(crate) use man::run as man;
pub(crate) use pack::run as pack;
