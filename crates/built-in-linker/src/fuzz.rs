//! What the fuzzer checks.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::driver::{Defaults, Driver, Request};
use crate::response_file::{compose, expand_response_files, split};
use crate::target::{Arch, GlibcVersion, Libc, Target};
use crate::text;

/// Reads bytes as arguments, one a line, of which `@` names all of them again, and translates them.
///
/// # Panics
///
/// When an input file does not reach the linker, or when the response file for the linker does not say what the command line
/// said.
pub fn fuzz(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else { return };
    let arch = Arch::ALL[usize::from(first & 1)];
    let libc = if first & 2 == 0 { Libc::Musl } else { Libc::Glibc(GlibcVersion::new(2, u32::from(first >> 2))) };
    let driver = Driver {
        target: Target::new(arch, libc),
        sysroot: "sysroot".into(),
        self_contained: "self-contained".into(),
        defaults: Defaults::default(),
    };
    let lines = data.split(|byte| *byte == b'\n').filter_map(|line| text::from_bytes(line.to_vec()));
    // Arguments that name themselves twice would multiply.
    let mut reads = 0;
    let mut read = |_: &Path| {
        reads += 1;
        if reads > 3 { Err(io::ErrorKind::NotFound.into()) } else { Ok(data.to_vec()) }
    };
    let Ok(arguments) = expand_response_files(lines, &mut read) else { return };
    let Ok(Request::Link { arguments: line, .. }) = driver.translate(&arguments) else { return };
    check_inputs(&arguments, &line);
    if let Some(content) = compose(&line) {
        let words: Option<Vec<_>> = split(&content).into_iter().map(text::from_bytes).collect();
        assert!(words.is_some_and(|words| words == line), "{line:?}");
    }
}

/// Arguments that are not options, and no option's value, go to the linker in their order. Values are not told apart here,
/// so an argument counts only behind another such argument.
fn check_inputs(arguments: &[OsString], line: &[OsString]) {
    let is_input = |argument: &OsString| !argument.is_empty() && argument.as_encoded_bytes()[0] != b'-';
    let inputs = arguments.windows(2).filter(|pair| is_input(&pair[0]) && is_input(&pair[1])).map(|pair| &pair[1]);
    let mut rest = line.iter();
    for input in inputs {
        assert!(rest.any(|argument| argument == input), "`{}` of {arguments:?} is not in {line:?}", input.display());
    }
}
