//! Builds one page of `docs/measurements/` with its tables and plots.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::plot::Plot;
use crate::run::Measured;
use crate::{machine, program};

/// A page under construction.
pub(crate) struct Page {
    title: &'static str,
    body: String,
    plots: Vec<Plot>,
    versions: Vec<String>,
    missing: Vec<String>,
}

impl Page {
    pub(crate) fn new(title: &'static str, introduction: &str) -> Self {
        let versions = machine::version(program(), &["--version"], "").into_iter().collect();
        Self { title, body: format!("{introduction}\n"), plots: Vec::new(), versions, missing: Vec::new() }
    }

    pub(crate) fn section(&mut self, title: &str, text: &str) {
        write!(self.body, "\n## {title}\n\n").unwrap();
        if !text.is_empty() {
            writeln!(self.body, "{text}\n").unwrap();
        }
    }

    /// Adds the version line of a measured program.
    pub(crate) fn version(&mut self, version: Option<String>) {
        self.versions.extend(version.filter(|version| !self.versions.contains(version)));
    }

    /// Adds a program that is not installed.
    pub(crate) fn missing(&mut self, what: &str) {
        eprintln!("  missing: {what}");
        if !self.missing.iter().any(|known| known == what) {
            self.missing.push(what.to_owned());
        }
    }

    /// Adds a table. The first column is left-aligned.
    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        writeln!(self.body, "| {} |", head.join(" | ")).unwrap();
        writeln!(self.body, "|---|{}", "---:|".repeat(head.len() - 1)).unwrap();
        for row in rows {
            writeln!(self.body, "| {} |", row.join(" | ")).unwrap();
        }
    }

    /// Adds a table of measurements, each compared with the first one, which is this program.
    pub(crate) fn measured(&mut self, measured: &[Measured]) {
        let has_bytes = measured.iter().any(|one| one.bytes.is_some());
        let head = ["", "bytes", "wall s", "CPU s", "peak MB", "wall ×", "CPU ×"];
        let head: Vec<_> = head.into_iter().filter(|name| has_bytes || *name != "bytes").collect();
        let first = &measured[0];
        let rows: Vec<_> = measured
            .iter()
            .map(|one| {
                let ratio = |one: std::time::Duration, other: std::time::Duration| {
                    format!("{:.2}", one.as_secs_f64() / other.as_secs_f64().max(1e-6))
                };
                let mut row = vec![one.name.clone()];
                if has_bytes {
                    row.push(one.bytes.map_or("–".to_owned(), thousands));
                }
                row.push(format!("{:.3}", one.wall.as_secs_f64()));
                row.push(format!("{:.3}", one.cpu.as_secs_f64()));
                row.push(format!(
                    "{:.0}",
                    f64::from(u32::try_from(one.peak >> 10).unwrap_or(u32::MAX)) / 1000.0 * 1.024
                ));
                row.push(ratio(one.wall, first.wall));
                row.push(ratio(one.cpu, first.cpu));
                row
            })
            .collect();
        self.table(&head, &rows);
    }

    pub(crate) fn plot(&mut self, plot: Plot) {
        self.plots.push(plot);
    }

    /// Writes the page and its plots.
    pub(crate) fn write(&self, directory: &Path, name: &str, runs: usize, load_before: &str) {
        fs::create_dir_all(directory).expect("the directory of the pages can be made");
        let mut text = format!("# {}\n\n{}", self.title, self.body);
        for (index, plot) in self.plots.iter().enumerate() {
            let file = if self.plots.len() == 1 { format!("{name}.svg") } else { format!("{name}-{}.svg", index + 1) };
            fs::write(directory.join(&file), plot.svg()).expect("a plot can be written");
            write!(text, "\n![{}]({file})\n", plot.title).unwrap();
        }
        let load_after = machine::load();
        write!(
            text,
            "\n## How it was measured\n\nWhole processes, in turns, each at least {runs} times, except those that take minutes. \
             Values are medians. Machine: {}. Load average: {load_before} before, {load_after} after. If it is higher than \
             the number of cores, other processes were running, and CPU times are more reliable than wall times. To measure \
             again: `cargo bench -- {name}`.\n\n",
            machine::describe()
        )
        .unwrap();
        for version in &self.versions {
            writeln!(text, "- {version}").unwrap();
        }
        for missing in &self.missing {
            writeln!(text, "- not measured because it is not installed: {missing}").unwrap();
        }
        let path = directory.join(format!("{name}.md"));
        fs::write(&path, text).expect("the page can be written");
        println!("{}", path.display());
    }
}

/// A number with thousands separators.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
