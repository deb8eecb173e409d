//! Sample events in the shapes of AWS's services, to try a function before anything is deployed.
//!
//! The shapes are the documented ones and the values are made up: a shop receives orders. All samples of HTTP requests are the
//! same request, `POST /greetings?name=Ada` with the body `{"greeting":"Good morning"}`. The tests in `tests/samples` check
//! each sample against its type in the `aws_lambda_events` crate.
//!
//! ```
//! let sample = lambda_local::samples::find("sqs").unwrap();
//! assert!(sample.json.contains("\"Records\""));
//! ```

/// A sample event.
#[derive(Debug)]
pub struct Sample {
    /// Its name, such as `sqs`.
    pub name: &'static str,
    /// One line that says what sends it.
    pub about: &'static str,
    /// The page of AWS's documentation that describes its shape.
    pub source: &'static str,
    /// The event.
    pub json: &'static str,
}

/// The sample with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.name == name)
}

macro_rules! samples {
    ($($name:literal: $about:literal, $page:literal;)+) => {
        &[$(Sample {
            name: $name,
            about: $about,
            source: concat!("https://docs.aws.amazon.com/", $page, ".html"),
            json: include_str!(concat!("samples/", $name, ".json")),
        }),+]
    };
}

/// All samples, sorted by name.
pub const SAMPLES: &[Sample] = samples! {
    "activemq": "a message from a queue of Amazon MQ for ActiveMQ", "lambda/latest/dg/with-mq";
    "alb": "an HTTP request through an Application Load Balancer", "lambda/latest/dg/services-alb";
    "apigw-v1": "an HTTP request through a REST API of API Gateway",
        "apigateway/latest/developerguide/set-up-lambda-proxy-integrations";
    "apigw-v1-authorizer": "a REST API asks whether a request is allowed",
        "apigateway/latest/developerguide/api-gateway-lambda-authorizer-input";
    "apigw-v1-token-authorizer": "a REST API asks whether the bearer of a token is allowed",
        "apigateway/latest/developerguide/api-gateway-lambda-authorizer-input";
    "apigw-v2": "an HTTP request through an HTTP API of API Gateway",
        "apigateway/latest/developerguide/http-api-develop-integrations-lambda";
    "apigw-v2-authorizer": "an HTTP API asks whether a request is allowed",
        "apigateway/latest/developerguide/http-api-lambda-authorizer";
    "apigw-v2-authorizer-v1": "an HTTP API asks whether a request is allowed (format 1.0)",
        "apigateway/latest/developerguide/http-api-lambda-authorizer";
    "apigw-websocket": "a message through a WebSocket API of API Gateway",
        "apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference";
    "appsync": "a field of a GraphQL API of AppSync is resolved", "appsync/latest/devguide/resolver-context-reference";
    "appsync-authorizer": "a GraphQL API of AppSync asks whether a request is allowed",
        "appsync/latest/devguide/security-authz";
    "autoscaling": "Amazon EC2 Auto Scaling launched an instance",
        "autoscaling/ec2/userguide/ec2-auto-scaling-event-reference";
    "bedrock-agent": "an agent of Amazon Bedrock runs an action", "bedrock/latest/userguide/agents-lambda";
    "chime-bot": "a message to a bot of Amazon Chime, which AWS has shut down", "chime/latest/dg/webhooks";
    "clientvpn": "a client connects to an endpoint of AWS Client VPN",
        "vpn/latest/clientvpn-admin/connection-authorization";
    "cloudformation": "a stack of CloudFormation creates a custom resource",
        "AWSCloudFormation/latest/UserGuide/crpg-ref-requests";
    "cloudwatch-alarm": "an alarm of CloudWatch changes its state",
        "AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda";
    "cloudwatch-alarm-composite": "a composite alarm of CloudWatch changes its state",
        "AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda";
    "cloudwatch-logs": "log lines that match a subscription filter", "lambda/latest/dg/services-cloudwatchlogs";
    "codebuild": "a build of CodeBuild ended", "codebuild/latest/userguide/sample-build-notifications";
    "codecommit": "a branch of a CodeCommit repository changed", "lambda/latest/dg/services-codecommit";
    "codedeploy": "a deployment of CodeDeploy changed its state",
        "codedeploy/latest/userguide/monitoring-cloudwatch-events";
    "codepipeline": "a job of CodePipeline", "codepipeline/latest/userguide/actions-invoke-lambda-function";
    "codepipeline-state": "an execution of CodePipeline changed its state",
        "codepipeline/latest/userguide/detect-state-changes-cloudwatch-events";
    "cognito-create-auth-challenge": "a Cognito user pool needs a question for a custom sign-in",
        "cognito/latest/developerguide/user-pool-lambda-create-auth-challenge";
    "cognito-custom-message": "a Cognito user pool is about to send a message",
        "cognito/latest/developerguide/user-pool-lambda-custom-message";
    "cognito-define-auth-challenge": "a Cognito user pool needs the next step of a custom sign-in",
        "cognito/latest/developerguide/user-pool-lambda-define-auth-challenge";
    "cognito-migrate-user": "an unknown user signs in to a Cognito user pool",
        "cognito/latest/developerguide/user-pool-lambda-migrate-user";
    "cognito-post-authentication": "a user signed in to a Cognito user pool",
        "cognito/latest/developerguide/user-pool-lambda-post-authentication";
    "cognito-post-confirmation": "a user of a Cognito user pool was confirmed",
        "cognito/latest/developerguide/user-pool-lambda-post-confirmation";
    "cognito-pre-authentication": "a user is about to sign in to a Cognito user pool",
        "cognito/latest/developerguide/user-pool-lambda-pre-authentication";
    "cognito-pre-signup": "a user signs up to a Cognito user pool",
        "cognito/latest/developerguide/user-pool-lambda-pre-sign-up";
    "cognito-pre-token": "a Cognito user pool is about to issue tokens (version 2)",
        "cognito/latest/developerguide/user-pool-lambda-pre-token-generation";
    "cognito-pre-token-v1": "a Cognito user pool is about to issue tokens (version 1)",
        "cognito/latest/developerguide/user-pool-lambda-pre-token-generation";
    "cognito-sync": "a dataset of Amazon Cognito Sync changed", "cognito/latest/developerguide/cognito-events";
    "cognito-verify-auth-challenge": "a user answered the question of a custom sign-in",
        "cognito/latest/developerguide/user-pool-lambda-verify-auth-challenge-response";
    "config": "a rule of AWS Config evaluates a changed resource",
        "config/latest/developerguide/evaluate-config_develop-rules_example-events";
    "connect": "a flow of Amazon Connect", "connect/latest/adminguide/connect-lambda-functions";
    "controltower": "a landing zone of AWS Control Tower was set up", "controltower/latest/userguide/lifecycle-events";
    "documentdb": "a change in a collection of Amazon DocumentDB", "lambda/latest/dg/with-documentdb";
    "dynamodb": "an item of a DynamoDB table was added, changed and removed", "lambda/latest/dg/with-ddb";
    "ecr-scan": "the scan of an image in Amazon ECR ended", "AmazonECR/latest/userguide/ecr-eventbridge";
    "eventbridge": "an event of an application on an event bus of EventBridge",
        "eventbridge/latest/userguide/eb-events";
    "eventbridge-ec2": "an EC2 instance changed its state", "ec2/latest/userguide/monitoring-instance-state-changes";
    "eventbridge-s3": "S3 reports a new object to EventBridge", "AmazonS3/latest/userguide/ev-events";
    "eventbridge-scheduled": "the schedule of an EventBridge rule",
        "eventbridge/latest/userguide/eb-create-rule-schedule";
    "firehose": "records for a function to transform for Amazon Data Firehose",
        "firehose/latest/dev/data-transformation";
    "iot-1-click": "a click of a device of AWS IoT 1-Click, which AWS has shut down",
        "iot-1-click/latest/developerguide/1click-programming";
    "iot-authorizer": "AWS IoT Core asks whether a device may connect", "iot/latest/developerguide/config-custom-auth";
    "iot-button": "a click of an AWS IoT button", "iot/latest/developerguide/iot-lambda-rule";
    "kafka": "records of a topic in Amazon MSK", "lambda/latest/dg/with-msk";
    "kafka-self-managed": "records of a topic in a self-managed Kafka cluster", "lambda/latest/dg/with-kafka";
    "kinesis": "records of a Kinesis data stream", "lambda/latest/dg/with-kinesis";
    "kinesis-analytics": "records that an application of Kinesis Data Analytics delivers",
        "kinesisanalytics/latest/dev/how-it-works-output-lambda";
    "lambda-url": "an HTTP request through a function URL", "lambda/latest/dg/urls-invocation";
    "lex": "a bot of Amazon Lex fulfills an intent (version 1)", "lex/latest/dg/lambda-input-response-format";
    "rabbitmq": "a message from a queue of Amazon MQ for RabbitMQ", "lambda/latest/dg/with-mq";
    "s3": "a new object in a bucket", "AmazonS3/latest/userguide/notification-content-structure";
    "s3-batch": "a task of S3 Batch Operations", "AmazonS3/latest/userguide/batch-ops-invoke-lambda";
    "s3-object-lambda": "S3 Object Lambda transforms an object", "AmazonS3/latest/userguide/olap-event-context";
    "secretsmanager": "a step of rotating a secret", "secretsmanager/latest/userguide/rotate-secrets_lambda-functions";
    "ses": "a mail that Amazon SES received", "ses/latest/dg/receiving-email-action-lambda-event";
    "sns": "a message of an SNS topic", "lambda/latest/dg/with-sns";
    "sqs": "two messages of an SQS queue", "lambda/latest/dg/with-sqs";
    "vpc-lattice": "an HTTP request through a service of VPC Lattice", "vpc-lattice/latest/ug/lambda-functions";
};

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::fs;
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    #[test]
    fn names_are_sorted_and_each_is_found() {
        assert!(SAMPLES.windows(2).all(|pair| pair[0].name < pair[1].name));
        for sample in SAMPLES {
            assert_eq!(find(sample.name).unwrap().json, sample.json);
        }
        assert!(find("apigw").is_none());
    }

    #[test]
    fn every_file_is_in_the_table() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/samples");
        assert_eq!(fs::read_dir(directory).unwrap().count(), SAMPLES.len());
    }

    #[test]
    fn each_is_an_object_without_a_real_account() {
        for Sample { name, json, .. } in SAMPLES {
            let event: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(event.is_object(), "{name}");
            for arn in json.split('"').filter(|text| text.starts_with("arn:aws:")) {
                let account = arn.split(':').nth(4).unwrap();
                assert!(["", "123456789012"].contains(&account), "{name}: {arn}");
            }
        }
    }

    #[test]
    fn each_is_described_in_one_line() {
        for Sample { name, about, source, .. } in SAMPLES {
            assert!((10..=80).contains(&about.len()) && !about.ends_with('.'), "{name}: {about}");
            assert!(!source.contains(char::is_whitespace), "{name}: {source}");
        }
    }
    const HEAD: &str = "\
# Sample events

`cargo lambda-zip invoke function.zip --event NAME` sends a function one of these events; `--list-events` lists them. This
page is generated from the table in `crates/lambda-local/src/samples.rs`.

The shapes are those of AWS's documentation, which each row links to. The values are made up: a shop receives orders. `alb`,
`apigw-v1`, `apigw-v2`, `lambda-url` and `vpc-lattice` are the same request, `POST /greetings?name=Ada` with
`{\"greeting\":\"Good morning\"}`, so that you can try a web service behind each of them. To send a changed sample, save its
file and use `--event @FILE`.

| event | what it is | shape |
|---|---|---|
";

    #[test]
    fn the_page_of_samples_matches_the_table() {
        let mut page = HEAD.to_owned();
        for Sample { name, about, source, .. } in SAMPLES {
            let file = format!("../crates/lambda-local/src/samples/{name}.json");
            writeln!(page, "| [`{name}`]({file}) | {about} | [documentation]({source}) |").unwrap();
        }
        test_support::generated::assert_file("docs/events.md", &page);
    }
}
