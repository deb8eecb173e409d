//! The result of `doctor`, as text.

use anyhow::Result;

use super::print_lines;
use crate::linker::{Diagnosis, Linker, TargetDiagnosis};

/// Prints the tools of this machine, a row for each target, and the commands that install what is missing.
pub(crate) fn print_diagnosis(diagnosis: &Diagnosis) -> Result<()> {
    print_lines(lines(diagnosis))
}

fn lines(diagnosis: &Diagnosis) -> Vec<String> {
    let Diagnosis { host, toolchain, zig, targets, hints, .. } = diagnosis;
    let mut lines = vec![format!("host:      {host}"), format!("toolchain: {toolchain}"), format!("zig:       {zig}")];
    lines.push(String::new());
    lines.extend(table(targets));
    if !hints.is_empty() {
        lines.extend([String::new(), "What is missing:".to_owned()]);
        lines.extend(hints.iter().map(|hint| format!("- {hint}")));
    }
    lines
}

fn table(targets: &[TargetDiagnosis]) -> Vec<String> {
    let linker = |linker: &Option<Linker>| linker.as_ref().map_or("-", Linker::kind).to_owned();
    let mut rows = vec![["target", "std", "Rust alone", "with C"].map(str::to_owned)];
    rows.extend(targets.iter().map(|target| {
        let std = if target.std_installed { "installed" } else { "missing" };
        [target.target.clone(), std.to_owned(), linker(&target.pure_rust), linker(&target.with_c)]
    }));
    let width = |column: usize| rows.iter().map(|row: &[String; 4]| row[column].len()).max().unwrap_or_default();
    let widths = [0, 1, 2, 3].map(width);
    let line = |row: &[String; 4]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_platform::{Arch, Libc};

    #[test]
    fn columns_are_as_wide_as_their_longest_cell() {
        let target = |arch: Arch, std_installed, pure_rust| TargetDiagnosis {
            target: format!("{}-unknown-linux-musl", arch.rust_name()),
            arch,
            libc: Libc::Musl,
            std_installed,
            pure_rust,
            with_c: None,
        };
        assert_eq!(
            table(&[target(Arch::X86_64, true, Some(Linker::RustLld)), target(Arch::Arm64, false, None)]),
            [
                "target                      std        Rust alone  with C",
                "x86_64-unknown-linux-musl   installed  rust-lld    -",
                "aarch64-unknown-linux-musl  missing    -           -",
            ]
        );
    }
}
