//! A Windows program that keeps a file open, so that no other program can open it, until a file tells it to end.
//!
//! `hold FILE HELD RELEASE` creates `HELD` once it has `FILE` open, and ends when `RELEASE` exists.

use std::fs::{self, OpenOptions};
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, held, release] = &args[..] else { panic!("hold FILE HELD RELEASE") };
    let _open = OpenOptions::new().read(true).share_mode(0).open(file).unwrap();
    fs::write(held, "").unwrap();
    // Not forever: a test that fails must not leave it running.
    for _ in 0..6000 {
        if Path::new(release).exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
