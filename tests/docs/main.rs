//! Proves that the documentation is true: its commands run, its messages appear, its lists are complete, its links lead
//! somewhere.
#![cfg(unix)]

mod commands;
mod links;
mod messages;
mod page;
mod reference;
mod rules;
