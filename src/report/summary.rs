//! The summary of a run on stderr: the size of each zip compared with Lambda's limits, and its largest entries.

use anstyle::{AnsiColor, Style};

use super::share::{Fill, Share};
use super::{ArchiveReport, human_bytes};
use crate::shell::{Shell, SummaryStyle};
use deployment_zip::ArchivedEntry;
use lambda_platform::limits::{DIRECT_UPLOAD_LIMIT, UNPACKED_LIMIT};

/// How many of the largest entries are listed.
const LISTED_ENTRIES: usize = 3;

/// The width of a bar in the summary of one zip.
const BAR_WIDTH: usize = 25;

/// The smallest and the largest width of a bar in a table. A table that is too narrow has no bars.
const TABLE_BAR_WIDTHS: (usize, usize) = (5, 20);

/// With more zips than this, the table lists only the [`FULLEST_COUNT`] zips closest to a limit.
const MAX_ROWS: usize = 20;
const FULLEST_COUNT: usize = 10;

/// The longest name of a function in a table; longer ones are cut.
const MAX_NAME_LENGTH: usize = 32;

/// The column where the text of a status line starts.
const INDENT: usize = 13;

/// Prints the summary in the style that the shell chooses.
pub(crate) fn print_summary(archives: &[ArchiveReport], shell: &Shell) {
    let columns = match shell.summary_style() {
        SummaryStyle::Hidden => return,
        SummaryStyle::Text => None,
        SummaryStyle::Bars { columns } => Some(columns),
    };
    match archives {
        [] => {}
        [archive] => lines(archive, columns.is_some()).iter().for_each(|(verb, text)| shell.status(verb, text)),
        archives => {
            let shown = if shell.is_verbose() { archives.iter().collect() } else { fullest(archives) };
            let mut rows = table(&shown, columns).into_iter();
            shell.status("Summary", rows.next().unwrap_or_default());
            rows.for_each(|row| shell.status_continued(row));
            if shown.len() < archives.len() {
                shell.status_continued(format_args!(
                    "{} smaller zips not shown, use `-v` to list them",
                    archives.len() - shown.len()
                ));
            }
        }
    }
}

fn upload(archive: &ArchiveReport) -> Share {
    Share { size: archive.archive.size, limit: DIRECT_UPLOAD_LIMIT }
}

fn unpacked(archive: &ArchiveReport) -> Share {
    Share { size: archive.archive.uncompressed_size, limit: UNPACKED_LIMIT }
}

/// All zips in their order. With more than [`MAX_ROWS`], the zips closest to a limit, the closest first.
fn fullest(archives: &[ArchiveReport]) -> Vec<&ArchiveReport> {
    let mut shown: Vec<_> = archives.iter().collect();
    if archives.len() > MAX_ROWS {
        // The two limits differ, so compare shares of them.
        let billionths = |share: Share| u128::from(share.size) * 1_000_000_000 / u128::from(share.limit);
        shown.sort_by_key(|archive| std::cmp::Reverse(billionths(upload(archive)).max(billionths(unpacked(archive)))));
        shown.truncate(FULLEST_COUNT);
    }
    shown
}

/// A share as a bar that looks like cargo's progress bar.
fn bar(share: Share, width: usize) -> String {
    let Share { size, limit } = share;
    let filled = usize::try_from(size.saturating_mul(width as u64) / limit).unwrap_or(width).min(width);
    let drawn = match filled {
        0 => ">".to_owned(),
        filled if filled == width => "=".repeat(width),
        filled => "=".repeat(filled - 1) + ">",
    };
    let style = match share.fill() {
        Fill::Over => AnsiColor::BrightRed.on_default(),
        Fill::Nearly => AnsiColor::BrightYellow.on_default(),
        Fill::Below => Style::new(),
    };
    format!("{style}[{drawn:<width$}]{style:#}")
}

/// The lines for a single zip, each with its verb.
fn lines(archive: &ArchiveReport, with_bars: bool) -> Vec<(&'static str, String)> {
    let line = |share: Share| {
        let drawn = if with_bars { format!("{} ", bar(share, BAR_WIDTH)) } else { String::new() };
        let (size, limit) = (human_bytes(share.size), human_bytes(share.limit));
        format!("{drawn}{size} of {limit} ({})", share.percent_text())
    };
    let mut lines = vec![("Upload", line(upload(archive))), ("Unpacked", line(unpacked(archive)))];
    lines.extend(largest(&archive.archive.entries).map(|largest| ("Largest", largest)));
    lines
}

/// The largest entries and their sizes; `None` if the zip has fewer than two files.
fn largest(entries: &[ArchivedEntry]) -> Option<String> {
    let mut files: Vec<_> = entries.iter().filter(|entry| entry.size > 0).collect();
    files.sort_by_key(|entry| std::cmp::Reverse(entry.size));
    if files.len() < 2 {
        return None;
    }
    let (named, rest) = files.split_at(LISTED_ENTRIES.min(files.len()));
    let mut words: Vec<_> = named.iter().map(|entry| format!("`{}` {}", entry.name, human_bytes(entry.size))).collect();
    if !rest.is_empty() {
        let sum = rest.iter().map(|entry| entry.size).sum();
        words.push(format!("{} more {}", rest.len(), human_bytes(sum)));
    }
    Some(words.join(", "))
}

/// The table for several zips: a heading, then a row for each zip.
fn table(archives: &[&ArchiveReport], columns: Option<usize>) -> Vec<String> {
    let names = names(archives);
    let name_width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    // The width of both cells without the bars, each `[bar] 1023.9 KiB  100 %` after two spaces.
    let figures = 2 * (2 + "[] 1023.9 KiB  100 %".len());
    let width = columns.and_then(|columns| columns.checked_sub(INDENT + name_width + figures)).map(|free| free / 2);
    let width = width.filter(|width| *width >= TABLE_BAR_WIDTHS.0).map(|width| width.min(TABLE_BAR_WIDTHS.1));
    let limits = [("upload", DIRECT_UPLOAD_LIMIT), ("unpacked", UNPACKED_LIMIT)]
        .map(|(what, limit)| format!("{what}, of {}", human_bytes(limit)));
    let bar_width = width.map_or(0, |width| width + "[] ".len());
    let cell_width = limits.iter().map(String::len).fold(bar_width + "1023.9 KiB  100 %".len(), usize::max);
    let cell = |share: Share| {
        let drawn = width.map(|width| format!("{} ", bar(share, width))).unwrap_or_default();
        let size_width = cell_width - bar_width - "  100 %".len();
        format!("{drawn}{:>size_width$} {:>6}", human_bytes(share.size), share.percent_text())
    };
    let heading = format!("{:<name_width$}  {:>cell_width$}  {:>cell_width$}", "", limits[0], limits[1]);
    let rows = archives.iter().zip(names).map(|(archive, name)| {
        let padding = name_width - name.chars().count();
        format!("{name}{:padding$}  {}  {}", "", cell(upload(archive)), cell(unpacked(archive)))
    });
    std::iter::once(heading).chain(rows).collect()
}

/// The names of the functions, with the architecture if the zips have different ones.
fn names(archives: &[&ArchiveReport]) -> Vec<String> {
    let is_mixed = archives.iter().any(|archive| archive.description.arch != archives[0].description.arch);
    let name = |archive: &ArchiveReport| {
        let arch = archive.description.arch.filter(|_| is_mixed).map(|arch| format!(" {arch}")).unwrap_or_default();
        let longest = MAX_NAME_LENGTH - arch.len();
        let function = &archive.description.function;
        if function.chars().count() <= longest {
            return format!("{function}{arch}");
        }
        let start: String = function.chars().take(longest - 1).collect();
        format!("{start}…{arch}")
    };
    archives.iter().copied().map(name).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::OutputFormat;
    use crate::report::ZipDescription;
    use deployment_zip::Archive;
    use lambda_platform::Arch;
    use lambda_zip_check::ArchiveKind;

    fn archive(function: &str, arch: Option<Arch>, size: u64, entries: &[(&str, u64)]) -> ArchiveReport {
        let archived = |(name, size): &(&str, u64)| ArchivedEntry {
            name: (*name).to_owned(),
            mode: 0o644,
            size: *size,
            compressed_size: size / 2,
        };
        ArchiveReport {
            description: ZipDescription {
                function: function.to_owned(),
                package: None,
                version: None,
                kind: ArchiveKind::Function,
                format: OutputFormat::Zip,
                arch,
                libc: None,
                runtime: None,
                target: None,
                linker: None,
            },
            archive: Archive {
                path: "a.zip".into(),
                size,
                uncompressed_size: entries.iter().map(|(_, size)| size).sum(),
                sha256: [0; 32],
                entries: entries.iter().map(archived).collect(),
            },
            published: true,
            fresh: false,
            findings: Vec::new(),
            debug_symbols: None,
            invocations: None,
            refused: None,
            package_time: Duration::ZERO,
        }
    }

    #[test]
    fn one_zip_has_a_line_for_each_limit() {
        let small = archive("a", None, 1 << 20, &[("bootstrap", 6 << 20)]);
        assert_eq!(
            lines(&small, true),
            [
                ("Upload", "[>                        ] 1.0 MiB of 50.0 MiB (2 %)".to_owned()),
                ("Unpacked", "[>                        ] 6.0 MiB of 250.0 MiB (2 %)".to_owned()),
            ]
        );
        assert_eq!(lines(&small, false)[0].1, "1.0 MiB of 50.0 MiB (2 %)");
    }

    #[test]
    fn the_largest_entries_are_listed_if_there_are_several() {
        let entries = [("bootstrap", 100), ("a", 1), ("b", 2048), ("c", 3), ("d", 4), ("directory/", 0)];
        let line = &lines(&archive("a", None, 1, &entries), true)[2];
        assert_eq!(*line, ("Largest", "`b` 2.0 KiB, `bootstrap` 100 B, `d` 4 B, 2 more 4 B".to_owned()));
    }

    #[test]
    fn a_bar_is_coloured_near_the_limit_and_full_at_it() {
        let share = |size| Share { size, limit: 100 };
        assert_eq!(bar(share(50), 4), "[=>  ]");
        assert_eq!(bar(share(0), 4), "[>   ]");
        assert!(bar(share(80), 4).starts_with("\x1b[93m[==> ]"), "{:?}", bar(share(80), 4));
        assert!(bar(share(1000), 4).starts_with("\x1b[91m[====]"), "{:?}", bar(share(1000), 4));
        assert_eq!(share(0).percent_text(), "<1 %");
    }

    #[test]
    fn with_many_zips_the_fullest_are_shown() {
        let mut archives: Vec<_> = (1..=MAX_ROWS as u64)
            .map(|megabytes| {
                archive(&format!("f{megabytes}"), None, megabytes << 20, &[("bootstrap", megabytes << 20)])
            })
            .collect();
        let shown = |archives: &[ArchiveReport]| {
            fullest(archives).iter().map(|archive| archive.description.function.clone()).collect::<Vec<_>>()
        };
        assert_eq!(shown(&archives).len(), MAX_ROWS);
        assert_eq!(shown(&archives)[0], "f1");
        archives.push(archive("unpacked", None, 1, &[("bootstrap", 200 << 20)]));
        assert_eq!(shown(&archives)[..3], ["unpacked", "f20", "f19"]);
        assert_eq!(shown(&archives).len(), FULLEST_COUNT);
    }

    #[test]
    fn the_columns_of_a_table_line_up() {
        let long = "a-function-with-a-name-that-is-far-longer-than-others";
        let archives = [
            archive(long, Some(Arch::Arm64), 60 << 20, &[("bootstrap", 200 << 20)]),
            archive("b", Some(Arch::X86_64), 1 << 20, &[("bootstrap", 2 << 20)]),
        ];
        let archives = archives.each_ref();
        for columns in [Some(70), Some(100), Some(200), None] {
            let rows = table(&archives, columns);
            let widths: Vec<_> =
                rows.iter().map(|row| anstream::adapter::strip_str(row).to_string().chars().count()).collect();
            assert!(widths.iter().all(|width| *width == widths[0]), "{rows:#?}");
            assert!(columns.is_none_or(|columns| columns < 80 || INDENT + widths[0] <= columns), "{rows:#?}");
            assert_eq!(
                rows.iter().any(|row| row.contains('[') && row.contains('=')),
                columns.is_some_and(|c| c >= 100)
            );
        }
        assert!(table(&archives, None)[1].starts_with("a-function-with-a-name-th… arm64"));
    }
}
