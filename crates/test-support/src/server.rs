//! Servers that run for one test.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::http::{self, Answer};

/// How long a server may take to listen. Most take a second or two; an emulated processor on a busy machine takes longer.
const DEADLINE: Duration = Duration::from_secs(120);

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let [port] = free_ports();
    port
}

/// Different ports that were free a moment ago.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// A process that listens on a port. It ends with the test, together with every process that it started.
pub struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts the server and waits until it listens. What it prints goes to the file `log`.
    #[track_caller]
    pub fn start(mut command: Command, port: u16, log: PathBuf) -> Self {
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

    /// What it and its children have printed so far.
    pub fn printed(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Sends a POST request. Fails if the server closes the connection before it has answered.
    pub fn try_post(&self, path: &str, body: &str) -> io::Result<Answer> {
        http::post((Ipv4Addr::LOCALHOST, self.port), path, "", body)
    }

    /// Sends a POST request.
    #[track_caller]
    pub fn post(&self, path: &str, body: &str) -> Answer {
        let answer = self.try_post(path, body);
        answer.unwrap_or_else(|error| panic!("no answer ({error}); the server printed:\n{}", self.printed()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A negative number stands for the process group: the server and the processes that it started.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}
