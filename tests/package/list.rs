//! `--list` shows the contents of a zip without making it.

use test_support::Fixture;

#[test]
fn the_list_shows_mode_size_name_and_origin_and_no_zip_is_made() {
    let fixture = Fixture::with_executable();
    fixture.write("conf/a", "12345");
    fixture.create_dir("conf/empty");
    let run = fixture.run(&["pack", "--list", "--keep-name", "main", "conf"]).success();
    let root = fixture.path("");
    let root = root.to_str().unwrap().trim_end_matches('/');
    assert_eq!(
        run.stdout,
        format!(
            "0777   4 bootstrap -> main\n0644   5 conf/a  ({root}/conf/a)\n0755   0 conf/empty/\n0755 120 main  ({root}/main)\n"
        )
    );
    assert_eq!(fixture.names(), ["conf", "main"]);
}

#[test]
fn the_list_is_available_as_json() {
    let fixture = Fixture::with_executable();
    let run = fixture.run(&["pack", "--list", "main", "--message-format", "json"]).success();
    let archive = &run.json()["archives"][0];
    assert_eq!((&archive["function"], &archive["kind"]), (&"main".into(), &"function".into()));
    let entry = &archive["entries"][0];
    assert_eq!((&entry["name"], &entry["mode"], &entry["size"]), (&"bootstrap".into(), &"0755".into(), &120.into()));
    assert_eq!(entry["source"], fixture.path("main").to_str().unwrap());
    assert!(entry["link"].is_null());
}

#[test]
fn the_main_command_lists_without_a_build() {
    let fixture = Fixture::with_executable();
    fixture.write("Cargo.toml", "[package]\nname = \"api\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    fixture.write("src/main.rs", "this does not compile");
    fixture.write("conf/a", "12345");
    let run = fixture.run(&["--list", "--include", "conf"]).success();
    let file = fixture.path("conf/a");
    assert_eq!(
        run.stdout,
        format!("0755 - bootstrap  (cargo's build of `api`)\n0644 5 conf/a  ({})\n", file.display())
    );
    assert!(!fixture.path("target").exists());
    let json = fixture.run(&["--list", "--layer", "--message-format", "json"]).success().json();
    let archive = &json["archives"][0];
    assert_eq!(archive["entries"][0]["name"], "bin/api");
    assert!(archive["entries"][0]["size"].is_null());
    assert_eq!(archive["path"], fixture.path("target/lambda/layers/api.zip").to_str().unwrap());
    fixture.run(&["--include", "gone"]).fails(2, "`--include gone` matches nothing");
    assert!(!fixture.path("target").exists(), "a wrong include must not cost a build");
}
