//! A `cc` for rustc, configured by environment variables: `-C linker=path/to/cc`.
//!
//! `CC_TARGET` is the target, such as `aarch64-unknown-linux-gnu.2.26`, `CC_RUST_LLD` the path of `rust-lld`,
//! `CC_SYSROOTS` a directory for sysroots, `CC_SELF_CONTAINED` rustc's directory with musl, and `CC_ICF` one of `none`,
//! `safe` and `all`.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use built_in_linker::{Defaults, Driver, Icf, Sysroot, Target};

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "error: {error}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let target: Target = variable("CC_TARGET")?.parse()?;
    let sysroot = Sysroot::create(&PathBuf::from(variable("CC_SYSROOTS")?).join(target.to_string()), target)?;
    let icf = match std::env::var("CC_ICF").as_deref() {
        Ok("all") => Icf::All,
        Ok("safe") => Icf::Safe,
        _ => Icf::None,
    };
    let driver = Driver {
        target,
        sysroot: sysroot.path().to_owned(),
        self_contained: std::env::var_os("CC_SELF_CONTAINED").unwrap_or_default().into(),
        defaults: Defaults { icf },
    };
    let outcome = driver.run(&PathBuf::from(variable("CC_RUST_LLD")?), std::env::args_os().skip(1))?;
    std::io::stdout().write_all(&outcome.stdout)?;
    std::io::stderr().write_all(&outcome.stderr)?;
    Ok(if outcome.success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
