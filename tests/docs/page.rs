//! Parses the pages of the documentation.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use test_support::repository;
use walkdir::WalkDir;

/// One Markdown file.
pub(crate) struct Page {
    /// The path from the root of the repository, with `/`.
    pub(crate) name: String,
    pub(crate) headings: Vec<Heading>,
    pub(crate) links: Vec<String>,
    /// Its code blocks and the comments for the test of its commands, in their order.
    pub(crate) steps: Vec<Step>,
    /// The rows of its tables.
    pub(crate) rows: Vec<Row>,
}

/// A heading.
pub(crate) struct Heading {
    /// 1 for the title of the page.
    pub(crate) level: u8,
    pub(crate) text: String,
}

/// A part of a page that the test of the commands runs.
pub(crate) enum Step {
    /// Commands for what a reader has and a clone does not.
    Prepare(String),
    Block(Block),
}

impl Step {
    /// The address on which its commands listen, as the page spells it.
    pub(crate) fn serves(&self) -> Option<&str> {
        match self {
            Self::Prepare(_) => None,
            Self::Block(block) => block.serves.as_deref(),
        }
    }
}

/// A fenced block of code.
pub(crate) struct Block {
    language: String,
    pub(crate) text: String,
    /// The exit code of its commands.
    pub(crate) exit: i32,
    /// The address on which they listen, if they are a server.
    pub(crate) serves: Option<String>,
}

impl Block {
    pub(crate) fn language(&self) -> &str {
        &self.language
    }

    /// True if a reader would type it.
    pub(crate) fn is_command(&self) -> bool {
        ["console", "powershell", "sh", "bash"].contains(&self.language())
    }

    /// The commands. In a block with prompts they are the lines after a prompt.
    pub(crate) fn commands(&self) -> String {
        let lines = self.text.lines();
        if !self.text.lines().any(|line| line.starts_with("$ ")) {
            return self.text.clone();
        }
        lines.filter_map(|line| line.strip_prefix("$ ")).flat_map(|line| [line, "\n"]).collect()
    }
}

/// A row of a table.
pub(crate) struct Row {
    /// The heading that the table is under.
    pub(crate) section: String,
    /// The code in its first cell.
    pub(crate) code: Vec<String>,
}

/// `<!-- KEY: TEXT -->`.
fn comment_for_test(html: &str) -> Option<(&str, &str)> {
    html.trim().strip_prefix("<!-- ")?.strip_suffix(" -->")?.split_once(": ")
}

/// True if a directory is written by tools and not part of a clone.
pub(crate) fn is_made(name: &OsStr) -> bool {
    ["target", "node_modules", ".aws-sam", "cdk.out", ".terraform"].iter().any(|made| name == *made)
}

/// All pages for users.
pub(crate) fn pages() -> Vec<Page> {
    let below = |directory: &str| {
        WalkDir::new(repository().join(directory))
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| !is_made(entry.file_name()))
            .map(|entry| entry.unwrap().into_path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
            .collect::<Vec<_>>()
    };
    let top = ["README.md", "CHANGELOG.md"].map(|name| repository().join(name));
    top.into_iter().chain(below("docs")).chain(below("examples")).map(|path| Page::read(&path)).collect()
}

/// One page by its name.
#[track_caller]
pub(crate) fn page(name: &str) -> Page {
    Page::read(&repository().join(name))
}

impl Page {
    #[track_caller]
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.strip_prefix(repository()).unwrap().to_str().unwrap().replace('\\', "/");
        let mut page = Self { name, headings: vec![], links: vec![], steps: vec![], rows: vec![] };
        let (mut heading, mut block, mut cell) = (None::<Heading>, None::<Block>, None::<Vec<String>>);
        let (mut exit, mut serves, mut comment) = (0, None, String::new());
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    heading = Some(Heading { level: level as u8, text: String::new() });
                }
                Event::End(TagEnd::Heading(_)) => page.headings.extend(heading.take()),
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into());
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let (exit, serves) = (std::mem::take(&mut exit), serves.take());
                    block = Some(Block { language: info.into(), text: String::new(), exit, serves });
                }
                Event::End(TagEnd::CodeBlock) => page.steps.extend(block.take().map(Step::Block)),
                Event::Start(Tag::HtmlBlock) => comment.clear(),
                Event::Html(html) => comment += &html,
                Event::End(TagEnd::HtmlBlock) => match comment_for_test(&comment) {
                    Some(("test", commands)) => page.steps.push(Step::Prepare(commands.to_owned())),
                    Some(("test exit", code)) => exit = code.parse().expect("an exit code"),
                    Some(("test serves", address)) => serves = Some(address.to_owned()),
                    _ => {}
                },
                Event::Start(Tag::TableRow) => cell = Some(Vec::new()),
                Event::End(TagEnd::TableCell) => {
                    let section = page.headings.last().map(|heading| heading.text.clone()).unwrap_or_default();
                    page.rows.extend(cell.take().map(|code| Row { section, code }));
                }
                Event::Text(text) => {
                    if let Some(block) = &mut block {
                        block.text += &text;
                    }
                    if let Some(heading) = &mut heading {
                        heading.text += &text;
                    }
                }
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.text += &code;
                    }
                    if let Some(cell) = &mut cell {
                        cell.push(code.into());
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// The anchors of its headings, as GitHub makes them.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        for heading in &self.headings {
            let kept = heading.text.to_lowercase();
            let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let anchor = kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>();
            let earlier = anchors.iter().filter(|earlier| **earlier == anchor).count();
            anchors.push(if earlier == 0 { anchor } else { format!("{anchor}-{earlier}") });
        }
        anchors
    }

    /// The path of a relative link.
    pub(crate) fn target(&self, link: &str) -> PathBuf {
        repository().join(&self.name).parent().unwrap().join(link)
    }
}
