//! Crates that one checkout compiled are found in sccache's cache by another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use test_support::{Fixture, Program, Run, Server, Zip, contains, free_port, required};

/// A Redis server and an sccache that stores in it, for one test.
struct Cache {
    sccache: PathBuf,
    environment: BTreeMap<&'static str, String>,
    _servers: [Server; 2],
}

impl Cache {
    fn start(directory: &Fixture) -> Self {
        let sccache = required("LAMBDA_ZIP_TEST_SCCACHE");
        let (redis_port, sccache_port) = (free_port(), free_port());
        let mut command = Command::new("redis-server");
        command.args(["--port", &redis_port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        let redis = Server::start(command, redis_port, directory.path("redis.log"));
        let environment = BTreeMap::from([
            ("SCCACHE_CONF", "/dev/null".to_owned()),
            ("SCCACHE_REDIS_ENDPOINT", format!("redis://127.0.0.1:{redis_port}")),
            ("SCCACHE_SERVER_PORT", sccache_port.to_string()),
        ]);
        let mut command = Command::new(&sccache);
        command.env("SCCACHE_START_SERVER", "1").env("SCCACHE_NO_DAEMON", "1").envs(&environment);
        let server = Server::start(command, sccache_port, directory.path("sccache.log"));
        Self { sccache, environment, _servers: [redis, server] }
    }

    fn ask(&self, args: &[&str]) -> String {
        let output = Command::new(&self.sccache).args(args).envs(&self.environment).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the program with the cache and returns how many crates were found in it, and how many were compiled.
    fn run(&self, program: Program) -> (Run, [u64; 2]) {
        self.ask(&["--zero-stats"]);
        let program = self.environment.iter().fold(program, |program, (name, value)| program.env(name, value));
        let run = program.env("RUSTC_WRAPPER", &self.sccache).run().success();
        let stats: Value = serde_json::from_str(&self.ask(&["--show-stats", "--stats-format=json"])).unwrap();
        let count = |what: &str| stats["stats"][what]["counts"]["Rust"].as_u64().unwrap_or_default();
        (run, [count("cache_hits"), count("cache_misses")])
    }
}

/// Four libraries for the target: one of the package itself; `serde_core`, whose build script makes code; one that
/// depends on it; and one without dependencies. Generic code in all of them can panic, and a panic contains its path.
fn checkout() -> Fixture {
    let fixture = Fixture::empty();
    let dependencies = "[dependencies]\nitoa = \"1\"\nserde_core = { version = \"1\", default-features = false }\n\
                        serde_spanned = { version = \"1\", default-features = false, features = [\"serde\"] }\n\n\
                        [profile.release]\nlto = \"off\"\n";
    fixture.add_package(".", "cached", dependencies);
    fixture.write("src/lib.rs", "pub fn pick<T: Copy>(of: &[T], index: usize) -> T { of[index] }\n");
    fixture.write(
        "src/main.rs",
        r#"fn main() {
    let count = std::env::args().count();
    let spanned = serde_spanned::Spanned::new(0..count, cached::pick(&[1, 2, 3], count));
    println!("{}", itoa::Buffer::new().format(spanned.into_inner()));
}
"#,
    );
    fixture
}

fn build(fixture: &Fixture, target_dir: &str) -> Program {
    fixture.program().args(["--target-dir", target_dir])
}

fn zip(run: &Run) -> Vec<u8> {
    std::fs::read(run.zip()).unwrap()
}

#[test]
#[ignore = "needs sccache, redis-server"]
fn another_checkout_finds_what_was_compiled() {
    let (one, other) = (checkout(), checkout());
    std::fs::copy(locked(&one), other.path("Cargo.lock")).unwrap();
    let without_cache = zip(&build(&one, "plain").run().success());
    let cache = Cache::start(&one);

    let (run, counts) = cache.run(build(&one, "target"));
    assert_eq!(counts, [0, 4], "{run}");
    assert!(zip(&run) == without_cache, "the cache makes a difference");

    // Two crates are compiled: one that contains a variable of this build, and the checkout's own. The crate that depends on
    // the former is found, since the output of the former is the same.
    let (run, counts) = cache.run(build(&other, "elsewhere/build"));
    assert_eq!(counts, [2, 2], "{run}");
    assert!(zip(&run) == without_cache, "the zips of two checkouts differ");
    let zip = Zip::read(run.zip());
    assert!(contains(zip.bootstrap(), "src/lib.rs"), "the test searches for the wrong text");
    for directory in [&one, &other] {
        assert!(!contains(zip.bootstrap(), directory.path(".").canonicalize().unwrap().to_str().unwrap()));
    }

    // The same directory, as on the machines of a CI service.
    std::fs::remove_dir_all(other.path("elsewhere")).unwrap();
    let (run, counts) = cache.run(build(&other, "elsewhere/build"));
    assert_eq!(counts, [4, 0], "{run}");
    assert!(std::fs::read(run.zip()).unwrap() == without_cache);
}

/// Makes the lock file of a checkout.
fn locked(fixture: &Fixture) -> PathBuf {
    let manifest = fixture.path("Cargo.toml");
    let status = Command::new("cargo").args(["generate-lockfile", "--quiet", "--manifest-path"]).arg(manifest).status();
    assert!(status.unwrap().success());
    fixture.path("Cargo.lock")
}

#[test]
fn only_sccache_gets_paths_that_do_not_change() {
    let fixture = Fixture::package("led");
    let plan = |wrapper: &str, args: &[&str]| {
        let arguments = ["--dry-run", "--message-format", "json"].iter().chain(args);
        fixture.program().args(arguments).env("RUSTC_WRAPPER", wrapper).run().success().json()["cargo"].clone()
    };
    // A wrapper that runs the command it is given.
    let wrapper = |name: &str| {
        let path = fixture.path(name);
        test_support::script(&path, "exec \"$@\"");
        path.to_str().unwrap().to_owned()
    };
    let (sccache, other) = (wrapper("sccache"), wrapper("other"));
    let directory = format!("--remap-path-prefix={}=", fixture.path("").to_str().unwrap().trim_end_matches('/'));

    let led = plan(&sccache, &[]);
    let rustflags = |plan: &Value| plan["env"]["CARGO_ENCODED_RUSTFLAGS"].to_string();
    assert!(!rustflags(&led).contains(&directory), "{led}");
    assert!(led["env"]["LAMBDA_ZIP_RUSTFLAGS"].as_str().unwrap().contains(&directory), "{led}");
    assert!(!Path::new(led["env"]["RUSTC"].as_str().unwrap()).exists(), "looking writes nothing");

    for (wrapper, args) in [(&other, &[][..]), (&sccache, &["--config", "build.rustc='rustc'"])] {
        let plan = plan(wrapper, args);
        assert!(rustflags(&plan).contains(&directory), "{plan}");
        assert!(plan["env"]["RUSTC"].is_null(), "{plan}");
    }
    assert!(plan(&sccache, &["--no-trim-paths"])["env"]["RUSTC"].is_null());
}
