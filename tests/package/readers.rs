//! Readers of zips that have nothing to do with one another agree on what is in ours.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use crate::support::{Sandbox, Zip};

/// Prints, for each entry, its name, the sum of the bytes, and how many there are.
const PYTHON: &str = r#"
import sys, zipfile, zlib
with zipfile.ZipFile(sys.argv[1]) as zip:
    assert zip.testzip() is None
    for info in zip.infolist():
        data = zip.read(info)
        print(info.filename, len(data), zlib.crc32(data), oct(info.external_attr >> 16)[2:], sep="\t")
"#;

const GO: &str = r#"package main

import (
	"archive/zip"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

func main() {
	reader, err := zip.OpenReader(os.Args[1])
	if err != nil {
		panic(err)
	}
	for _, file := range reader.File {
		contents, err := file.Open()
		if err != nil {
			panic(err)
		}
		sum := crc32.NewIEEE()
		size, err := io.Copy(sum, contents)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s\t%d\t%d\t%o\n", file.Name, size, sum.Sum32(), file.ExternalAttrs>>16)
	}
}
"#;

const JAVA: &str = r#"
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.zip.*;

class Read {
    static PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    static void print(String name, InputStream contents) throws IOException {
        CRC32 sum = new CRC32();
        byte[] buffer = new byte[1 << 16];
        long size = 0;
        for (int count; (count = contents.read(buffer)) > 0; size += count) sum.update(buffer, 0, count);
        out.println(name + "\t" + size + "\t" + sum.getValue());
    }

    public static void main(String[] args) throws IOException {
        if (args[0].equals("stream")) {
            try (ZipInputStream zip = new ZipInputStream(new FileInputStream(args[1]))) {
                for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) print(entry.getName(), zip);
            }
        } else {
            try (ZipFile zip = new ZipFile(args[1])) {
                for (ZipEntry entry : Collections.list(zip.entries())) print(entry.getName(), zip.getInputStream(entry));
            }
        }
    }
}
"#;

#[track_caller]
fn output(command: &mut Command) -> String {
    let output = command.env("LC_ALL", "C.UTF-8").output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A tree with everything that a zip of ours can hold.
fn packed() -> (Sandbox, Zip) {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["tree/a/b/c/deep", "tree/größe/日本語.txt"]);
    sandbox.write("tree/empty", "");
    sandbox.folder("tree/void");
    sandbox.link("a/b/c/deep", "tree/link");
    sandbox.link("a", "tree/folder-link");
    let large: Vec<u8> =
        (0..25_000_000_u32).flat_map(|word| (word.wrapping_mul(2_654_435_761) >> 12).to_le_bytes()).collect();
    sandbox.write("tree/large", large);
    let zip = sandbox.pack(&["main", "tree", "--compression", "fast"]);
    (sandbox, zip)
}

/// What a reader should print of the zip: name, size, checksum, and the mode where it knows modes.
fn expected(zip: &Zip, with_mode: bool) -> String {
    let line = |entry: &crate::support::ZipEntry| {
        let mode = if with_mode { format!("\t{:o}", entry.mode) } else { String::new() };
        format!("{}\t{}\t{}{mode}\n", entry.name, entry.contents.len(), crc32fast::hash(&entry.contents))
    };
    zip.entries.iter().map(line).collect()
}

#[test]
#[ignore = "needs python3"]
fn python_agrees() {
    let (_sandbox, zip) = packed();
    assert_eq!(output(Command::new("python3").args(["-c", PYTHON]).arg(&zip.path)), expected(&zip, true));
}

#[test]
#[ignore = "needs go"]
fn go_agrees() {
    let (sandbox, zip) = packed();
    sandbox.write("read.go", GO);
    let mut go = Command::new("go");
    go.args(["run", "read.go"]).arg(&zip.path).current_dir(sandbox.path("")).env("GOCACHE", sandbox.path("cache"));
    assert_eq!(output(&mut go), expected(&zip, true));
}

#[test]
#[ignore = "needs java, of a JDK"]
fn java_agrees() {
    let (sandbox, zip) = packed();
    sandbox.write("Read.java", JAVA);
    for way in ["stream", "file"] {
        let mut java = Command::new("java");
        java.args(["-Dfile.encoding=UTF-8", "Read.java", way]).arg(&zip.path).current_dir(sandbox.path(""));
        assert_eq!(output(&mut java), expected(&zip, false), "{way}");
    }
}

/// Extracts, and compares with what was packed: contents, links, empty folders and the permission to run.
#[track_caller]
fn extracts(command: &mut Command, sandbox: &Sandbox, zip: &Zip, out: &Path) {
    std::fs::create_dir_all(out).unwrap();
    output(command.current_dir(out));
    for (ours, theirs) in [("main", "bootstrap"), ("tree/large", "tree/large"), ("tree/empty", "tree/empty")] {
        assert!(std::fs::read(sandbox.path(ours)).unwrap() == std::fs::read(out.join(theirs)).unwrap(), "{theirs}");
    }
    assert_eq!(std::fs::read(out.join("tree/größe/日本語.txt")).unwrap(), "tree/größe/日本語.txt".as_bytes());
    assert_eq!(std::fs::read_link(out.join("tree/link")).unwrap(), Path::new("a/b/c/deep"));
    assert_eq!(std::fs::read(out.join("tree/folder-link/b/c/deep")).unwrap(), b"tree/a/b/c/deep");
    assert!(out.join("tree/void").is_dir());
    let mode = |name: &str| {
        std::os::unix::fs::PermissionsExt::mode(&out.join(name).symlink_metadata().unwrap().permissions()) & 0o7777
    };
    assert_eq!((mode("bootstrap"), mode("tree/empty"), mode("tree/void")), (0o755, 0o644, 0o755));
    assert_eq!(zip.names().len(), 8);
}

#[test]
#[ignore = "needs unzip"]
fn unzip_agrees() {
    let (sandbox, zip) = packed();
    output(Command::new("unzip").arg("-tq").arg(&zip.path));
    extracts(Command::new("unzip").arg("-q").arg(&zip.path), &sandbox, &zip, &sandbox.path("out"));
}

#[test]
#[ignore = "needs bsdtar"]
fn bsdtar_agrees() {
    let (sandbox, zip) = packed();
    extracts(Command::new("bsdtar").arg("-xpf").arg(&zip.path), &sandbox, &zip, &sandbox.path("out"));
}

#[test]
#[ignore = "needs 7z"]
fn seven_zip_agrees() {
    let (sandbox, zip) = packed();
    output(Command::new("7z").args(["t", "-bd"]).arg(&zip.path));
    extracts(Command::new("7z").args(["x", "-bd", "-snl"]).arg(&zip.path), &sandbox, &zip, &sandbox.path("out"));
}
