//! `--wait-for-runtime`: the user starts the function, for example in a debugger.

use std::process::{Child, Command, Stdio};
use std::thread::scope;

use test_support::{free_port, http};

use crate::support::{Running, Sandbox, function};

/// `invoke`, and the variables that it prints.
struct Waiting {
    running: Running,
    variables: Vec<(String, String)>,
    sandbox: Sandbox,
}

impl Waiting {
    fn start(args: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let address = format!("127.0.0.1:{}", free_port());
        let args = [&["invoke"], args, &["--wait-for-runtime", &address]].concat();
        let mut running = Running::start(&sandbox, &args);
        let log = running.wait_for("\n_HANDLER=bootstrap\n");
        assert!(
            log.contains(&format!("Waiting for a function at {address}; start it with these variables:\n")),
            "{log}"
        );
        let variables = log.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| !name.contains(' '));
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { running, variables, sandbox }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// A command with the printed variables and no others.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.variables.iter().cloned()).env("PATH", std::env::var("PATH").unwrap());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Starts the function, as a debugger would.
    fn function(&self) -> Started {
        Started(self.command(function().to_str().unwrap()).arg0_is_bootstrap().spawn().unwrap())
    }
}

/// The function takes its role from the name of its program.
trait Named {
    fn arg0_is_bootstrap(&mut self) -> &mut Self;
}

impl Named for Command {
    fn arg0_is_bootstrap(&mut self) -> &mut Self {
        std::os::unix::process::CommandExt::arg0(self, "bootstrap")
    }
}

/// A function that is ended with the test.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_function_that_the_user_starts_gets_the_events() {
    let mut waiting = Waiting::start(&[
        "--event",
        r#"{"do":"sh","script":"sleep 4"}"#,
        "--event",
        r#"{"do":"stream"}"#,
        "--env",
        "TABLE=my orders",
    ]);
    for name in ["PATH", "LD_LIBRARY_PATH", "LAMBDA_TASK_ROOT", "TZ"] {
        assert_eq!(waiting.variable(name), None);
    }
    assert_eq!(waiting.variable("AWS_LAMBDA_FUNCTION_NAME"), Some("function"));
    assert_eq!(waiting.variable("TABLE"), Some("'my orders'"));
    assert!(waiting.running.is_running());
    let _function = waiting.function();
    // The first invocation takes longer than Lambda's default of 3 seconds.
    assert_eq!(waiting.running.wait(), 0, "{}", waiting.running.log());
    let log = waiting.running.log();
    assert!(log.contains("    Invoking function (started by you)\n"), "{log}");
    assert_eq!(log.matches("END RequestId").count(), 2, "{log}");
    waiting.sandbox.is_clean();
}

#[test]
fn a_zip_gives_the_function_its_files_and_its_name() {
    let waiting = Waiting::start(&["function.zip", "--event", "{}"]);
    let task = waiting.variable("LAMBDA_TASK_ROOT").unwrap();
    assert_eq!(std::fs::read_to_string(format!("{task}/data/message.txt")).unwrap(), "hello");
}

#[test]
fn a_time_limit_holds_if_it_is_asked_for_and_the_next_function_gets_the_next_event() {
    let mut waiting = Waiting::start(&["--event", r#"{"do":"hang"}"#, "--event", "7", "--timeout", "1"]);
    let hanging = waiting.function();
    waiting.running.wait_for("Task timed out after 1.00 seconds");
    drop(hanging);
    let _function = waiting.function();
    assert_eq!(waiting.running.wait(), 111, "{}", waiting.running.log());
    assert_eq!(waiting.running.log().matches("END RequestId").count(), 2);
}

#[test]
fn requests_wait_for_the_function_and_another_start_of_it() {
    let mut waiting = Waiting::start(&["--http", "127.0.0.1:0"]);
    let log = waiting.running.wait_for("(started by you), until Ctrl-C\n");
    let address = log.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let status = || http::request(&address, "GET", "/", "", b"").unwrap().status;
    for _ in 0..2 {
        let _function = scope(|scope| {
            let request = scope.spawn(status);
            let function = waiting.function();
            assert_eq!(request.join().unwrap(), 200);
            function
        });
        assert_eq!(status(), 200);
    }
    waiting.running.signal("INT");
    assert_eq!(waiting.running.wait(), 0, "{}", waiting.running.log());
    waiting.sandbox.is_clean();
}

#[test]
#[ignore = "needs gdb"]
fn gdb_holds_a_function_that_has_an_event() {
    let mut waiting = Waiting::start(&["--event", r#"{"do":"abort"}"#]);
    let mut gdb = waiting.command("gdb");
    let script = ["-batch", "-ex", "run", "-ex", "backtrace", "-ex", "kill", "--args"];
    let program = waiting.sandbox.path("bootstrap");
    let output = gdb.args(script).arg(&program).stdout(Stdio::piped()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("SIGABRT"), "{shown}");
    // The event is not lost: the next start of the function gets it again.
    assert!(waiting.running.is_running() && waiting.running.log().contains("START RequestId"));
    waiting.running.signal("INT");
    assert_eq!(waiting.running.wait(), 130, "{}", waiting.running.log());
}

#[test]
fn flags_that_start_a_function_are_refused() {
    let sandbox = Sandbox::new();
    for flags in [&["--cold"][..], &["--watch"], &["--layer", "a.zip"], &["--isolation", "none"]] {
        sandbox.run(&[&["invoke", "--wait-for-runtime"], flags].concat()).exits(2).says("cannot be used with");
    }
    let two = ["invoke", "function.zip", "function.zip", "--wait-for-runtime"];
    sandbox.run(&two).exits(2).says("error: `--wait-for-runtime` waits for one function, found 2 zips\n");
    sandbox.run(&["invoke", "--wait-for-runtime", "10.0.0.1:1"]).exits(2).says("expected a loopback address");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = sandbox.run(&["invoke", "--wait-for-runtime", &address]).exits(96);
    run.says(&format!("error: failed to listen on `{address}` for the function\n"));
}
