//! Proves what `check` prints, how it exits, and how its flags change the rules. The rules themselves are proven in
//! `crates/lambda-zip-check`.

mod command;
mod environment;
mod texts;

use test_support::elf::static_program;
use test_support::zip_builder::{EXECUTABLE, Item};

/// A static `bootstrap` for x86-64.
fn bootstrap() -> Item {
    Item::new("bootstrap", EXECUTABLE, static_program().build())
}

fn with_bootstrap(items: impl IntoIterator<Item = Item>) -> Vec<Item> {
    [bootstrap()].into_iter().chain(items).collect()
}
