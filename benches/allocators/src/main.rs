//! `allocators THREADS EVENTS`: handles `EVENTS` events on `THREADS` threads. Each event allocates a lot.

use std::collections::BTreeMap;
use std::thread;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<usize>().expect("a number"));
    let (threads, events) = (numbers.next().expect("THREADS"), numbers.next().expect("EVENTS"));
    let sum: usize = thread::scope(|scope| {
        let each = |first: usize| (first..events).step_by(threads).map(handle).sum::<usize>();
        let workers: Vec<_> = (0..threads).map(|first| scope.spawn(move || each(first))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a handler does not panic")).sum()
    });
    println!("{sum}");
}

/// Builds a document like parsed JSON, and reads all of it.
fn handle(event: usize) -> usize {
    let mut document: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for key in 0..40 {
        let values = document.entry(format!("key-{}", key * 31 % 17)).or_default();
        values.extend((0..key % 9).map(|index| format!("value {index} of event {event}")));
    }
    document.values_mut().for_each(|values| values.sort_unstable());
    document.iter().map(|(key, values)| key.len() + values.concat().len()).sum()
}
