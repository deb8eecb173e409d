//! A Windows program that replaces `cargo.exe` and `rustc.exe`: it writes a request with its arguments, waits until the test
//! has run the program of Linux, and repeats its output.
//!
//! `STAND_IN` names the directory for the requests.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use std::{env, fs, io, io::Write, process};

fn main() {
    let meeting = PathBuf::from(env::var_os("STAND_IN").expect("STAND_IN is set"));
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let request = meeting.join(format!("{}-{time}", process::id()));
    fs::create_dir(&request).unwrap();
    let write = |name: &str, lines: Vec<String>| fs::write(request.join(name), lines.join("\0")).unwrap();
    let program = env::current_exe().unwrap().file_stem().unwrap().to_string_lossy().into_owned();
    write("program", vec![program]);
    write("args", env::args().skip(1).collect());
    write("folder", vec![env::current_dir().unwrap().display().to_string()]);
    write("variables", env::vars().map(|(name, value)| format!("{name}={value}")).collect());
    write("ready", vec![]);
    while !request.join("done").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let read = |name: &str| fs::read(request.join(name)).unwrap();
    io::stderr().write_all(&read("stderr")).unwrap();
    io::stdout().write_all(&read("stdout")).unwrap();
    process::exit(String::from_utf8(read("code")).unwrap().parse().unwrap());
}
