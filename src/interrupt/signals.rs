//! The signals that end a run on Unix.

use std::thread;

use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::{children, is_handled_elsewhere};
use lambda_zip_error::scratch;

/// Handles the signals that end a run, in a thread of its own. Without that thread a signal ends the run all the same, but
/// leaves scratch files behind.
pub(crate) fn handle() {
    let wanted = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
    let Ok(mut signals) = Signals::new(wanted) else { return };
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if !is_handled_elsewhere() {
                end(signal);
            }
        }
    });
}

/// Ends this process as the signal would have.
fn end(signal: i32) {
    if let Some(signal) = Signal::from_named_raw(signal) {
        children::end_all(signal);
    }
    scratch::remove_all();
    let _ = emulate_default_handler(signal);
}

/// True if this process was started with the signal ignored, as `nohup` and the background jobs of a script are. Linux alone
/// tells.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}
