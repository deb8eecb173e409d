//! A packaged function boots and answers, under AWS's own emulator and by `invoke`.

use std::fs;

use serde_json::{Value, json};
use test_support::{Fixture, Platform, Program, Zip, example, package_quickly, shared_target_dir};

/// Packages `examples/hello` as it would be deployed, boots it and greets it.
#[track_caller]
fn hello_boots(platform: &Platform) {
    let fixture = Fixture::empty();
    let output = fixture.path("hello.zip");
    let run = Program::new(example("hello"))
        .args(["--locked", "--arch", platform.arch, "--target-dir"])
        .args([shared_target_dir().as_os_str(), "-o".as_ref(), output.as_os_str()])
        .run()
        .success();
    assert_eq!(run.zip(), output);
    assert_eq!(Zip::read(&output).machine(), platform.machine);

    let events = ["Ada", "Grace"].map(|name| json!({ "name": name }).to_string());
    let answers = platform.answers(&output, &events.each_ref().map(String::as_str));
    for (name, answer) in ["Ada", "Grace"].iter().zip(answers) {
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer, json!({ "message": format!("Hello, {name}!") }));
    }
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator and unzip"]
fn hello_boots_on_x86_64() {
    hello_boots(&Platform::x86_64());
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator, unzip, qemu-user registered with binfmt_misc, and a C library for \
            arm64"]
fn hello_boots_on_arm64() {
    hello_boots(&Platform::arm64_with_glibc());
}

/// A function that asks the C library for a thread and the address of a host, and panics if an event says so.
const HANDLER: &str = r#"
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use std::net::ToSocketAddrs;

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    if let Some(text) = event.payload["panic"].as_str() {
        panic!("{text}");
    }
    let thread = std::thread::spawn(|| ("localhost", 80).to_socket_addrs().map(|mut all| all.next().is_some()));
    let is_found = thread.join().expect("the thread does not panic")?;
    Ok(json!({ "found": is_found, "program": std::fs::metadata("/proc/self/exe")?.len() > 0 }))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    // A panic on stderr would look like one of the program under test.
    std::panic::set_hook(Box::new(|_| ()));
    run(service_fn(handle)).await
}
"#;

/// Builds the handler for both architectures, and boots both.
#[track_caller]
fn the_handler_boots(target: impl Fn(&str) -> String, platforms: &[Platform]) {
    let fixture = Fixture::empty();
    let package = fixture.path("handler");
    fs::create_dir_all(package.join("src")).unwrap();
    let manifest = fs::read_to_string(example("hello").join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("[dependencies]", "[dependencies]\nserde_json = \"1\"");
    fs::write(package.join("Cargo.toml"), manifest.replace("name = \"hello\"", "name = \"handler\"")).unwrap();
    let lock = fs::read_to_string(example("hello").join("Cargo.lock")).unwrap();
    let lock = lock.replace("name = \"hello\"", "name = \"handler\"");
    fs::write(
        package.join("Cargo.lock"),
        lock.replace(" \"serde\",\n \"tokio\",\n]", " \"serde\",\n \"serde_json\",\n \"tokio\",\n]"),
    )
    .unwrap();
    fs::write(package.join("src/main.rs"), HANDLER).unwrap();

    let targets = platforms.iter().flat_map(|platform| ["--target".to_owned(), target(platform.arch)]);
    let targets: Vec<_> = targets.collect();
    let output = fixture.path("{arch}.zip");
    package_quickly(&package, &output, &targets.iter().map(String::as_str).collect::<Vec<_>>());
    for platform in platforms {
        let zip = fixture.path(format!("{}.zip", platform.arch));
        let answers = platform.answers(&zip, &["{}", r#"{"panic":"too bad"}"#, "{}"]);
        let answers: Vec<Value> = answers.iter().map(|answer| serde_json::from_str(answer).unwrap()).collect();
        let fine = json!({ "found": true, "program": true });
        assert_eq!([&answers[0], &answers[2]], [&fine, &fine]);
        assert!(answers[1]["errorMessage"].as_str().unwrap().contains("too bad"), "{}", answers[1]);
    }
}

fn rust_name(arch: &str) -> &str {
    if arch == "arm64" { "aarch64" } else { arch }
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator, unzip and qemu-user registered with binfmt_misc"]
fn a_handler_boots_with_musl() {
    let target = |arch: &str| format!("{}-unknown-linux-musl", rust_name(arch));
    the_handler_boots(target, &[Platform::x86_64(), Platform::arm64()]);
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator, unzip, qemu-user registered with binfmt_misc, and a C library for \
            arm64"]
fn a_handler_boots_with_the_glibc_of_the_newest_runtime() {
    let target = |arch: &str| format!("{}-unknown-linux-gnu.2.34", rust_name(arch));
    the_handler_boots(target, &[Platform::x86_64(), Platform::arm64_with_glibc()]);
}
