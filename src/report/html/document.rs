//! The document: its head with the security policy, the table of all zips, and a section for each zip.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::model::ZipPage;
use super::widgets::{StyleRules, badge, bar};
use super::zip_page;
use crate::report::human_bytes;
use lambda_platform::limits::{DIRECT_UPLOAD_LIMIT, LIMITS_SOURCE, UNPACKED_LIMIT};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The HTML of the page.
pub(super) fn render(zips: &[ZipPage<'_>]) -> String {
    let mut styles = StyleRules::default();
    let overview = if zips.len() > 1 {
        overview(zips, &mut styles)
    } else {
        html! {}
    };
    let is_alone = zips.len() == 1;
    let sections: Vec<_> =
        zips.iter().enumerate().map(|(index, zip)| zip_page::section(zip, index + 1, is_alone, &mut styles)).collect();
    let style = format!("{STYLE}{}", styles.as_css());
    let title = match zips {
        [zip] => format!("{} – deployment zip", zip.title),
        zips => format!("{} deployment zips", zips.len()),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(&style));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "cargo lambda-zip " (env!("CARGO_PKG_VERSION")) };
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(&style)) }
            }
            body {
                main {
                    @if !is_alone { h1 { (title) } }
                    (overview)
                    @for section in sections { (section) }
                }
                footer {
                    "Made by cargo lambda-zip " (env!("CARGO_PKG_VERSION")) ". Limits: " (LIMITS_SOURCE) "."
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// A policy that allows the page's own style and script, by their hashes, and nothing else.
fn policy(style: &str) -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(SCRIPT)
    )
}

/// The table of all zips.
fn overview(zips: &[ZipPage<'_>], styles: &mut StyleRules) -> Markup {
    let mut cell = |size: Option<u64>, limit: u64| {
        html! {
            @match size {
                Some(size) => {
                    td data-value=(size) { (human_bytes(size)) (bar(size, limit, styles)) }
                }
                None => td data-value="0" { "–" }
            }
        }
    };
    let rows: Vec<_> = zips
        .iter()
        .map(|zip| {
            let contents = zip.contents.as_ref();
            let upload = cell(contents.map(|contents| contents.size), DIRECT_UPLOAD_LIMIT);
            let unpacked = cell(contents.map(|contents| contents.unpacked_size), UNPACKED_LIMIT);
            (zip, upload, unpacked)
        })
        .collect();
    html! {
        section.card {
            table.sortable.overview {
                thead { tr {
                    th scope="col" { "Zip" } th scope="col" { "Verdict" }
                    th scope="col" { "Upload" } th scope="col" { "Unpacked" }
                } }
                tbody {
                    @for (index, (zip, upload, unpacked)) in rows.iter().enumerate() {
                        tr {
                            td { a href={ "#z" (index + 1) } { (zip.title) } }
                            td { (badge(&zip.verdict)) }
                            (upload) (unpacked)
                        }
                    }
                }
            }
        }
    }
}
