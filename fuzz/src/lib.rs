//! Shared by the fuzz targets: checks one zip for every kind, architecture and runtime.

use std::io::Cursor;

use lambda_platform::{Arch, Runtime};
use lambda_zip_check::{ArchiveKind, Expectation, Levels, ZipView, check_view, fitting};
use time::macros::date;

/// Checks these bytes as each kind of zip, alone and as a layer of itself.
///
/// Reading from memory cannot fail, so the check must not fail either, and must return the same findings each time.
pub fn check(bytes: &[u8]) {
    let view = ZipView::from_reader(Cursor::new(bytes), bytes.len() as u64).expect("memory can be read");
    let expectation = |kind, arch, runtime| Expectation {
        kind,
        arch,
        runtime,
        today: date!(2026 - 06 - 01),
        levels: Levels::default(),
    };
    let kinds = [ArchiveKind::Function, ArchiveKind::Extension, ArchiveKind::InternalExtension, ArchiveKind::Layer];
    for kind in kinds {
        let findings = check_view(&view, &[], &expectation(kind, None, None));
        for finding in &findings {
            for text in [&finding.message, &finding.hint] {
                assert!(!text.is_empty() && !text.contains(char::is_control), "{finding:?}");
            }
        }
        assert_eq!(findings, check_view(&view, &[], &expectation(kind, None, None)));
    }
    for (runtime, arch) in fitting(&view, &[], &expectation(ArchiveKind::Function, None, None)) {
        let findings = check_view(&view, &[], &expectation(ArchiveKind::Function, Some(arch), Some(runtime)));
        assert!(findings.iter().all(|finding| !finding.is_error()), "{findings:?}");
    }
    let layers = [ZipView::from_reader(Cursor::new(bytes), bytes.len() as u64).expect("memory can be read")];
    let _ = check_view(&view, &layers, &expectation(ArchiveKind::Function, Some(Arch::X86_64), Some(Runtime::AL2)));
}
