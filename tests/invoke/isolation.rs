//! The files, the user and the environment that a function sees.

use crate::support::Sandbox;

/// True if this machine allows user namespaces. Tests that cannot do without are ignored by default.
pub(crate) fn is_possible() -> bool {
    Sandbox::new().invoke(&["--isolation", "namespaces"]).code == 0
}

const LOOK: [&str; 2] = ["--event", r#"{"do":"look"}"#];

#[test]
#[ignore = "needs user namespaces"]
fn a_function_sees_lambdas_directories_and_no_home_directory() {
    let run = Sandbox::new().invoke(&[&LOOK[..], &["--isolation", "namespaces"]].concat()).exits(0);
    let seen = run.json();
    assert_eq!(seen["cwd"], "/var/task");
    assert_eq!(seen["task"], "bootstrap data");
    assert_eq!(seen["data"], "hello");
    assert_eq!(seen["user"], "993");
    assert_eq!(seen["writable"], serde_json::json!([true, false, false, false]), "`/tmp`, the function, `/`, `/usr`");
    let root: Vec<_> = seen["root"].as_str().unwrap().split(' ').collect();
    assert!(root.contains(&"tmp") && root.contains(&"proc"), "{root:?}");
    for hidden in ["home", "root", "mnt", "media", "srv"] {
        assert!(!root.contains(&hidden), "{root:?}");
    }
}

#[test]
fn without_isolation_the_environment_names_the_directories() {
    let sandbox = Sandbox::new();
    let run = sandbox.invoke(&["--isolation", "none", "--env", "LOOK=1", "--event", r#"{"do":"where"}"#]).exits(0);
    let seen = run.json();
    let task = seen["task"].as_str().unwrap();
    assert!(task.starts_with(sandbox.path("unpacked").to_str().unwrap()), "{task}");
    assert_eq!((&seen["cwd"], &seen["data"]), (&seen["task"], &"hello".into()));
    assert!(!run.stderr.contains("warning"), "what was asked for is no surprise: {run:#?}");
}

#[test]
fn the_environment_is_that_of_lambda() {
    let sandbox = Sandbox::new();
    let flags = ["--event", r#"{"do":"where"}"#, "--env", "TABLE=orders", "--memory", "512", "--function-name", "shop"];
    let run = sandbox.invoke(&flags).exits(0);
    let seen = run.json();
    let names: Vec<_> = seen["environment"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "AWS_DEFAULT_REGION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "LANG",
        "LD_LIBRARY_PATH",
        "PATH",
        "TABLE",
        "TZ",
        "_HANDLER",
    ];
    assert_eq!(names, expected, "nothing of this machine's");
    let environment = &seen["environment"];
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "512");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "shop");
    let headers = seen["headers"].as_str().unwrap();
    for name in ["invocation-id", "aws-request-id", "deadline-ms", "invoked-function-arn", "trace-id"] {
        assert!(headers.contains(&format!("lambda-runtime-{name}")), "{headers}");
    }
}
