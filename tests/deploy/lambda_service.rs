//! A service that speaks Lambda's API reports the same hash and size as the program.

use std::path::Path;

use test_support::{Account, Fixture};

#[test]
#[ignore = "needs moto's server and the aws CLI"]
fn the_service_computes_the_hash_and_the_size_of_the_report() {
    let fixture = Fixture::package("greeter");
    let report = fixture.run(&["--arch", "arm64", "--message-format", "json"]).success().json();
    let archive = &report["archives"][0];
    let path = Path::new(archive["path"].as_str().unwrap());

    let account = Account::start(fixture.root());
    let role = account.create_role(&fixture, "greeter");
    let function = account.aws(
        &fixture,
        &[
            "lambda",
            "create-function",
            "--function-name",
            "greeter",
            "--runtime",
            archive["runtime"].as_str().unwrap(),
            "--architectures",
            archive["arch"].as_str().unwrap(),
            "--handler",
            "bootstrap",
            "--role",
            &role,
            "--zip-file",
            &format!("fileb://{}", path.display()),
        ],
    );
    assert_eq!(function["CodeSha256"], archive["code_sha256"]);
    assert_eq!(function["CodeSize"], archive["size"]);
}
