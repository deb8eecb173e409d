//! Texts about zips that people reported, each understood without knowing the format.

use test_support::elf::static_program;
use test_support::zip_builder::{DATA, EXECUTABLE, Item, zip};
use test_support::{Fixture, Run};

use crate::{bootstrap, with_bootstrap};

/// Checks a zip for x86-64.
fn check(bytes: Vec<u8>, args: &[&str]) -> Run {
    let directory = Fixture::empty();
    directory.write("a.zip", bytes);
    directory.run(&[&["check", "--arch", "x86_64", "--runtime", "provided.al2023", "a.zip"], args].concat())
}

/// Asserts that the only finding has this text and hint.
#[track_caller]
fn finds(bytes: Vec<u8>, args: &[&str], text: &str, hint: &str) {
    let run = check(bytes, args);
    let found = |start: &str| -> Vec<String> {
        run.stderr.lines().filter_map(|line| line.strip_prefix(start)).map(str::to_owned).collect()
    };
    let messages = [found("error: "), found("warning: ")].concat();
    assert!(matches!(&messages[..], [only] if only.starts_with(text)), "expected {text:?}\n{run}");
    assert_eq!(found("hint: "), [hint], "{run}");
}

fn with_method(method: u16, flags: u16) -> Vec<u8> {
    zip(&[bootstrap().with(|item| (item.method, item.flags) = (method, flags))])
}

#[test]
fn a_cut_zip_is_told_which_end_is_missing() {
    let whole = zip(&[bootstrap()]);
    let again = "create or copy the zip again";
    finds(whole[100..].to_vec(), &[], "its first 100 bytes are missing [zip-truncated]", again);
    finds(whole[..whole.len() - 10].to_vec(), &[], "it starts like a zip but has no end record [zip-truncated]", again);
}

#[test]
fn a_zip_without_modes_is_told_which_tools_write_them() {
    let hint = "create the zip with a tool that writes Unix modes, such as `cargo lambda-zip pack`; jszip does with `platform: \
                'UNIX'`, Java's `jar` cannot";
    finds(
        zip(&[bootstrap().with(|item| (item.host, item.mode) = (0, 0))]),
        &[],
        "`bootstrap` has no Unix mode: its attributes are those of MS-DOS or Windows [host-not-unix]",
        hint,
    );
}

#[test]
fn methods_have_names_and_encryption_is_not_a_method() {
    for (method, name) in [(9, "Deflate64"), (12, "bzip2"), (14, "LZMA"), (93, "Zstandard")] {
        let text = format!("`bootstrap` is compressed with {name} [unsupported-method]");
        finds(with_method(method, 0), &[], &text, "choose the method `deflate` when creating the zip");
    }
    finds(
        with_method(99, 1),
        &[],
        "`bootstrap` is encrypted with AES [encrypted]",
        "create the zip without a password",
    );
}

#[test]
fn an_entry_without_a_name_is_to_be_left_out() {
    let items = with_bootstrap([Item::new("", DATA, *b"data")]);
    let text = "the file `` has no name: it stands for the root of the zip [file-and-folder]";
    finds(zip(&items), &[], text, "leave the entry out");
}

#[test]
fn a_named_pipe_is_called_so() {
    let items = with_bootstrap([Item::new("pipe", 0o010_644, *b"")]);
    finds(zip(&items), &[], "`pipe` is marked as a named pipe, not as a file", "pack a regular file, or leave it out");
}

#[test]
fn a_text_among_the_extensions_is_to_be_moved() {
    let program = Item::new("extensions/agent", EXECUTABLE, static_program().build());
    let readme = Item::new("extensions/README.md", DATA, *b"# Extensions\n\nRead me.\n");
    finds(
        zip(&[program, readme]),
        &["--kind", "extension"],
        "`extensions/README.md` is a text file: neither an ELF executable nor a script with `#!` [exec-format]",
        "move it out of `extensions/`: Lambda starts every file that is directly in this directory",
    );
}

#[test]
fn a_function_for_another_runtime_is_told_for_which() {
    for (name, contents, language) in [
        ("index.js", &b"exports.handler = 1"[..], "Node.js"),
        ("lambda_function.py", b"def lambda_handler(event, context): pass\n", "Python"),
        ("com/shop/Handler.class", b"\xca\xfe\xba\xbe\0\0\0\x41", "Java"),
    ] {
        let text = format!("the zip has no file `bootstrap` at its root: `{name}` belongs to a {language} function");
        let hint = format!(
            "configure the function with one of Lambda's {language} runtimes; this check is about the `provided` runtimes"
        );
        finds(zip(&[Item::new(name, DATA, contents)]), &[], &text, &hint);
    }
    let inner = Item::new("function.zip", DATA, zip(&[bootstrap()]));
    let text = "the zip has no file `bootstrap` at its root: it only contains another archive, `function.zip`";
    finds(zip(&[inner]), &[], text, "upload `function.zip` itself");
}

#[test]
fn a_carriage_return_is_told_with_the_whole_line() {
    let script = Item::new("bootstrap", EXECUTABLE, *b"#!/bin/sh\r\necho\r\n");
    let text = "the first line of `bootstrap`, `#!/bin/sh`, ends with a carriage return [shebang-crlf]";
    finds(zip(&[script]), &[], text, "save the script with LF line endings, for example with `dos2unix`");
}

#[test]
fn counts_agree_with_their_nouns_and_count_everything() {
    let prefixed = [b"X".to_vec(), zip(&[bootstrap()])].concat();
    check(prefixed, &[]).says("there is 1 byte before the first entry");
    let many = (0..3000).map(|index| Item::new(format!("a/{index}\x01"), DATA, *b""));
    let run = check(zip(&with_bootstrap(many)), &["--deny", "control-character"]);
    run.fails(100, "2980 more findings of this rule are not listed")
        .prints("a.zip: broken, 3000 errors, 2980 of them not shown\n");
}
