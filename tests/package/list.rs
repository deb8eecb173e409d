//! `--list`: what would be in the zip, and no zip.

use crate::support::Sandbox;

#[test]
fn mode_size_name_and_origin_are_shown_and_no_zip_is_made() {
    let sandbox = Sandbox::new();
    sandbox.write("conf/a", "12345");
    sandbox.folder("conf/empty");
    let run = sandbox.run(&["pack", "--list", "--keep-name", "main", "conf"]).success();
    let root = sandbox.path("");
    let root = root.to_str().unwrap().trim_end_matches('/');
    assert_eq!(
        run.stdout,
        format!(
            "0777   4 bootstrap -> main\n0644   5 conf/a  ({root}/conf/a)\n0755   0 conf/empty/\n0755 120 main  ({root}/main)\n"
        )
    );
    assert_eq!(sandbox.files(), ["conf", "main"]);
}

#[test]
fn the_same_as_json() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["pack", "--list", "main", "--message-format", "json"]).success();
    let archive = &run.json()["archives"][0];
    assert_eq!((&archive["function"], &archive["kind"]), (&"main".into(), &"function".into()));
    let entry = &archive["entries"][0];
    assert_eq!((&entry["name"], &entry["mode"], &entry["size"]), (&"bootstrap".into(), &"0755".into(), &120.into()));
    assert_eq!(entry["source"], sandbox.path("main").to_str().unwrap());
    assert!(entry["link"].is_null());
}

#[test]
fn the_main_command_lists_without_a_build() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.toml", "[package]\nname = \"api\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    sandbox.write("src/main.rs", "this does not compile");
    sandbox.write("conf/a", "12345");
    let run = sandbox.run(&["--list", "--include", "conf"]).success();
    let file = sandbox.path("conf/a");
    assert_eq!(
        run.stdout,
        format!("0755 - bootstrap  (cargo's build of `api`)\n0644 5 conf/a  ({})\n", file.display())
    );
    assert!(!sandbox.path("target").exists());
    let json = sandbox.run(&["--list", "--layer", "--message-format", "json"]).success().json();
    let archive = &json["archives"][0];
    assert_eq!(archive["entries"][0]["name"], "bin/api");
    assert!(archive["entries"][0]["size"].is_null());
    assert_eq!(archive["path"], sandbox.path("target/lambda/layers/api.zip").to_str().unwrap());
    sandbox.run(&["--include", "gone"]).failure(2, "`--include gone` matches nothing");
    assert!(!sandbox.path("target").exists(), "a wrong include must not cost a build");
}
