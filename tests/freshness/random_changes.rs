//! A plan from the cache equals a plan without it, however the workspace changes between two runs.

use std::fs;
use std::path::{Path, PathBuf};

use test_support::{Fixture, Run};

/// How many changes a sequence makes.
const CHANGES: usize = 24;

/// The sequence that is always tried. `LAMBDA_ZIP_TEST_SEED` tries another one.
const SEED: u64 = 20_261_129;

/// A workspace and an environment that change at random.
struct Workspace {
    fixture: Fixture,
    random: Random,
    /// Variables that are set for every run.
    variables: Vec<(&'static str, &'static str)>,
}

/// The generator xorshift64*: small, and the same on every machine.
struct Random(u64);

impl Random {
    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % bound
    }

    fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}

impl Workspace {
    fn new(seed: u64) -> Self {
        let fixture = Fixture::empty();
        let mut workspace = Self { fixture, random: Random(seed), variables: Vec::new() };
        workspace.write_root("");
        workspace.write_member("first", "");
        workspace.fixture.write("members/first/src/main.rs", "fn main() {}\n");
        workspace
    }

    fn write_root(&mut self, tables: &str) {
        let members = self.random.pick(&["\"members/*\"", "\"members/first\", \"members/s*\"", "\"members/first\""]);
        let profile = "[profile.release]\nlto = \"off\"\nopt-level = 0\n";
        self.fixture
            .write("Cargo.toml", format!("[workspace]\nmembers = [{members}]\nresolver = \"3\"\n{profile}{tables}"));
    }

    fn write_member(&self, name: &str, tables: &str) {
        self.fixture.add_package(&format!("members/{name}"), name, tables);
    }

    /// Makes one change, and says which.
    fn change(&mut self) -> String {
        match self.random.below(10) {
            0 => {
                let tables = self.random.pick(&["", "[workspace.metadata.lambda-zip]\ncompression = \"fast\"\n"]);
                self.write_root(tables);
                format!("the workspace's manifest, with {tables:?}")
            }
            1 => {
                let tables = self.random.pick(&[
                    "",
                    "[package.metadata.lambda-zip]\nkind = \"layer\"\n",
                    "[package.metadata.lambda.build]\narm64 = true\n",
                    "[features]\nloud = []\n\n[[bin]]\nname = \"loud\"\npath = \"src/main.rs\"\n\
                     required-features = [\"loud\"]\n",
                    "[package.metadata.lambda-zip]\nunknown = 1\n",
                ]);
                self.write_member("first", tables);
                format!("the manifest of `first`, with {tables:?}")
            }
            2 => {
                self.write_member("second", "");
                self.toggle("members/second/src/main.rs", "fn main() {}\n")
            }
            3 => self.toggle("members/first/src/bin/extra.rs", "fn main() {}\n"),
            4 => self.toggle("members/first/src/bin/more/main.rs", "fn main() {}\n"),
            5 => self.toggle("members/first/src/lib.rs", ""),
            6 => self.toggle("rust-toolchain.toml", "[toolchain]\nprofile = \"minimal\"\n"),
            7 => {
                let table = self.random.pick(&[
                    "[build]\nrustflags = [\"--cfg\", \"one\"]\n",
                    "[profile.release]\nstrip = \"none\"\n",
                    "[build]\ntarget-dir = \"elsewhere\"\n",
                ]);
                self.toggle(".cargo/config.toml", table)
            }
            8 => {
                let variable = self.random.pick(&[
                    ("CARGO_BUILD_RUSTFLAGS", "--cfg two"),
                    ("CARGO_PROFILE_RELEASE_STRIP", "none"),
                    ("RUSTFLAGS", "--cfg three"),
                    ("CFLAGS", "-march=native"),
                ]);
                match self.variables.iter().position(|known| *known == variable) {
                    Some(index) => drop(self.variables.remove(index)),
                    None => self.variables.push(variable),
                }
                format!("the variable {variable:?}")
            }
            _ => {
                let path = self.fixture.path("members/second");
                let _ = fs::remove_dir_all(path);
                "the member `second` is removed".to_owned()
            }
        }
    }

    /// Writes a file, or removes it if it exists.
    fn toggle(&self, path: &str, contents: &str) -> String {
        if self.fixture.path(path).exists() {
            fs::remove_file(self.fixture.path(path)).unwrap();
            format!("`{path}` is removed")
        } else {
            self.fixture.write(path, contents);
            format!("`{path}` is written with {contents:?}")
        }
    }

    fn run(&self, args: &[&str]) -> Run {
        self.fixture.program().args(args).envs(self.variables.iter().copied()).run()
    }

    fn plan(&self) -> String {
        self.run(&["--workspace", "--dry-run", "--message-format", "json"]).snapshot()
    }

    /// The plan as a first run would make it.
    fn plan_without_cache(&self) -> String {
        let caches: Vec<PathBuf> =
            ["target", "elsewhere"].map(|name| self.fixture.path(name).join(".lambda-zip")).into();
        let hidden = |cache: &Path| cache.with_file_name("hidden");
        let present: Vec<_> = caches.iter().filter(|cache| cache.exists()).collect();
        present.iter().for_each(|cache| fs::rename(cache, hidden(cache)).unwrap());
        let plan = self.plan();
        present.iter().for_each(|cache| fs::rename(hidden(cache), cache).unwrap());
        plan
    }
}

#[test]
fn a_cached_plan_equals_a_fresh_one_after_any_change() {
    let seed = std::env::var("LAMBDA_ZIP_TEST_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let mut workspace = Workspace::new(seed);
    let mut changes: Vec<String> = Vec::new();
    for _ in 0..CHANGES {
        // A build stores the answers that the next plan may be made from. Whether it succeeds does not matter.
        workspace.run(&["--workspace"]);
        changes.push(workspace.change());
        let cached = workspace.plan();
        assert_eq!(cached, workspace.plan_without_cache(), "seed {seed}, after {changes:#?}");
    }
}
