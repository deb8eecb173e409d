//! The environment variables of a function and its extensions.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

use crate::FunctionConfig;
use lambda_platform::limits::{MANAGED_OPEN_FILES_LIMIT, OPEN_FILES_LIMIT};

/// The version of a function that was never published under a number.
pub(crate) const VERSION: &str = "$LATEST";

/// The region if the user's variables name none.
const DEFAULT_REGION: &str = "us-east-1";

/// An account number that nobody has, the same as in AWS's emulator.
const ACCOUNT: &str = "012345678912";

/// Where functions on Lambda send traces, by UDP. Here nothing listens.
const XRAY_DAEMON: &str = "169.254.79.129:2000";

/// The addresses and paths of one sandbox.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SandboxPaths<'a> {
    /// `host:port` of the Runtime API.
    pub(crate) api: &'a str,
    /// What requests to the metadata endpoint must carry.
    pub(crate) metadata_token: &'a str,
    /// Where the function's files are.
    pub(crate) task: &'a str,
    /// Where the layers' files are.
    pub(crate) layers: &'a str,
}

impl FunctionConfig {
    /// The name of the handler. Lambda passes it on; an executable has no use for it.
    pub(crate) fn handler(&self) -> &str {
        self.variables.get("_HANDLER").map_or("bootstrap", String::as_str)
    }

    /// Lambda's name for how environments are started.
    pub(crate) fn initialization_type(&self) -> &'static str {
        if self.concurrency.is_some() { "lambda-managed-instances" } else { "on-demand" }
    }

    /// How many files each process may open.
    pub(crate) fn open_files_limit(&self) -> u64 {
        if self.concurrency.is_some() { MANAGED_OPEN_FILES_LIMIT } else { OPEN_FILES_LIMIT }
    }

    pub(crate) fn region(&self) -> &str {
        let named = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| self.variables.get(*name));
        named.map_or(DEFAULT_REGION, String::as_str)
    }

    /// The function's ARN, with the version or alias that the caller named.
    pub(crate) fn arn(&self, qualifier: Option<&str>) -> String {
        let arn = format!("arn:aws:lambda:{}:{ACCOUNT}:function:{}", self.region(), self.name);
        qualifier.map_or_else(|| arn.clone(), |qualifier| format!("{arn}:{qualifier}"))
    }

    /// The variables that Lambda sets, overridden by the user's. Nothing is inherited from this machine.
    pub(crate) fn environment(&self, paths: SandboxPaths<'_>) -> BTreeMap<String, String> {
        let SandboxPaths { api, metadata_token, task, layers } = paths;
        let region = self.region();
        let date = OffsetDateTime::now_utc().format(format_description!("[year]/[month]/[day]")).unwrap_or_default();
        let log_stream = format!("{date}/[{VERSION}]{}", Uuid::new_v4().simple());
        let path = format!("/usr/local/bin:/usr/bin/:/bin:{layers}/bin");
        let libraries =
            format!("/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:{task}:{task}/lib:{layers}/lib");
        let variables = [
            ("AWS_DEFAULT_REGION", region),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &self.memory.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", &self.name),
            ("AWS_LAMBDA_FUNCTION_VERSION", VERSION),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", self.initialization_type()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{}", self.name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", &log_stream),
            ("AWS_LAMBDA_METADATA_API", api),
            ("AWS_LAMBDA_METADATA_TOKEN", metadata_token),
            ("AWS_LAMBDA_RUNTIME_API", api),
            ("AWS_REGION", region),
            ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
            ("AWS_XRAY_DAEMON_ADDRESS", XRAY_DAEMON),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LAMBDA_TASK_ROOT", task),
            ("LANG", "en_US.UTF-8"),
            ("LD_LIBRARY_PATH", &libraries),
            ("PATH", &path),
            ("TZ", ":UTC"),
            ("_HANDLER", self.handler()),
        ];
        let mut environment: BTreeMap<_, _> =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if let Some(concurrency) = self.concurrency {
            environment.insert("AWS_LAMBDA_MAX_CONCURRENCY".to_owned(), concurrency.to_string());
        }
        environment.extend(self.variables.clone());
        environment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_has_lambdas_variables_and_the_users_only() {
        let mut config = FunctionConfig::new("hello");
        config.variables = [("TABLE", "orders=1"), ("AWS_REGION", "eu-west-1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let environment =
            config.environment(SandboxPaths { api: "127.0.0.1:1", metadata_token: "t", task: "/t", layers: "/l" });
        assert_eq!(environment["TABLE"], "orders=1");
        assert_eq!(environment["AWS_REGION"], "eu-west-1");
        assert_eq!(environment["AWS_DEFAULT_REGION"], "eu-west-1");
        assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "hello");
        assert_eq!(environment["LAMBDA_TASK_ROOT"], "/t");
        assert_eq!(environment["PATH"], "/usr/local/bin:/usr/bin/:/bin:/l/bin");
        assert!(!environment.contains_key("HOME") && !environment.contains_key("AWS_ACCESS_KEY_ID"));
    }
}
