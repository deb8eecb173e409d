//! Servers for one test: AWS's Runtime Interface Emulator with a function in it, and others like it.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to listen, and a function to answer. Both take a second or two; an emulated processor on a
/// busy machine takes longer.
const DEADLINE: Duration = Duration::from_secs(120);

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A process that listens on a port, and that ends with the test together with all that it started.
pub(crate) struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts the server and waits until it listens. What it prints goes to the file `log`.
    #[track_caller]
    pub(crate) fn start(mut command: Command, port: u16, log: PathBuf) -> Self {
        let file = fs::File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let mut server = Self { child, port, log };
        let deadline = Instant::now() + DEADLINE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("{command:?} ended ({status}):\n{}", server.printed());
            }
            assert!(Instant::now() < deadline, "{command:?} does not listen:\n{}", server.printed());
            sleep(Duration::from_millis(20));
        }
        server
    }

    /// Everything that it and its children have printed so far.
    pub(crate) fn printed(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Sends a POST request and returns the status and the body of the answer.
    #[track_caller]
    fn post(&self, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let port = self.port;
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .unwrap_or_else(|error| panic!("no answer ({error}); the server printed:\n{}", self.printed()));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("not an answer: {answer:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("no status in {head:?}")), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A negative number stands for the process group: the server and the function that it started.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

/// AWS's emulator with one function.
pub(crate) struct Emulator {
    server: Server,
}

impl Emulator {
    /// Boots the `bootstrap` in `folder` as Lambda would. `library_root` holds the C library of a foreign architecture,
    /// for a program that is not static.
    #[track_caller]
    pub(crate) fn boot(emulator: &Path, folder: &Path, library_root: Option<&Path>) -> Self {
        let (port, runtime_api_port) = two_free_ports();
        let mut command = Command::new(emulator);
        command
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{runtime_api_port}")])
            .arg(folder.join("bootstrap"))
            .env("AWS_LAMBDA_FUNCTION_NAME", "hello")
            .env("LAMBDA_TASK_ROOT", folder)
            .current_dir(folder);
        if let Some(root) = library_root {
            command.env("QEMU_LD_PREFIX", root);
        }
        // Beside the folder, which must hold what was in the zip and nothing else.
        let log = folder.with_extension("log");
        Self { server: Server::start(command, port, log) }
    }

    /// Sends an event and returns the function's answer.
    #[track_caller]
    pub(crate) fn invoke(&self, event: &str) -> String {
        let (status, body) = self.server.post("/2015-03-31/functions/function/invocations", event);
        assert_eq!(status, 200, "{body}\nthe emulator printed:\n{}", self.server.printed());
        body
    }
}

fn two_free_ports() -> (u16, u16) {
    let listeners = [(), ()].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let [first, second] = listeners.map(|listener| listener.local_addr().unwrap().port());
    (first, second)
}
