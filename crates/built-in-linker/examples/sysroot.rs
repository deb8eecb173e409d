//! Makes a sysroot and prints how long that took: `sysroot TARGET DIRECTORY`.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use built_in_linker::{Sysroot, Target};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, directory] = arguments.as_slice() else { return Err("usage: sysroot TARGET DIRECTORY".into()) };
    let target: Target = target.parse()?;
    let start = Instant::now();
    let sysroot = Sysroot::create(&PathBuf::from(directory), target)?;
    writeln!(std::io::stdout(), "{} in {:?}", sysroot.path().display(), start.elapsed())?;
    Ok(())
}
