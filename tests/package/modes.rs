//! Permissions follow from names, contents and rules, never from the machine.

use test_support::Fixture;
use test_support::elf::executable;

#[test]
fn names_and_contents_decide_the_mode() {
    let fixture = Fixture::with_executable();
    fixture.write("lib/libx.so", executable(62));
    fixture.write("tools/run", "#!/bin/sh\n");
    fixture.write_all(&["bin/tool", "bin/deeper/text", "text"]);
    let zip = fixture.pack(&["main", "lib", "tools", "bin", "text"]);
    for (name, mode) in [
        ("bootstrap", 0o100_755),
        ("lib/libx.so", 0o100_755),
        ("tools/run", 0o100_755),
        ("bin/tool", 0o100_755),
        ("bin/deeper/text", 0o100_644),
        ("text", 0o100_644),
    ] {
        assert_eq!(zip.mode(name), mode, "{name}");
    }
}

#[test]
fn a_rule_overrides_names_and_contents_and_the_last_rule_wins() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["conf/a.sh", "conf/b", "bin/tool"]);
    let zip =
        fixture.pack(&["main", "conf", "bin", "--mode", "conf/**=0444", "--mode", "*.sh=0555", "--mode=bin/tool=644"]);
    for (name, mode) in
        [("bootstrap", 0o100_755), ("conf/a.sh", 0o100_555), ("conf/b", 0o100_444), ("bin/tool", 0o100_644)]
    {
        assert_eq!(zip.mode(name), mode, "{name}");
    }
}

#[test]
fn an_invalid_mode_is_refused_and_an_unused_one_warned_of() {
    let fixture = Fixture::with_executable();
    fixture.fails_to_pack(&["main", "--mode", "bootstrap=0644"]).fails(100, "[not-executable]");
    for rule in ["x", "x=", "x=rwx", "x=999", "=0644", "[=0644"] {
        fixture.fails_to_pack(&["main", "--mode", rule]).fails(2, "--mode");
    }
    let run = fixture.run(&["pack", "main", "--mode", "*.sh=0755"]).success();
    assert!(run.stderr.contains("warning: `--mode *.sh` matched no files"), "{}", run.stderr);
}
