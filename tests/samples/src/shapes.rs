//! Every field of a sample is where its type expects it.
//!
//! The types are lenient: they skip a field that is missing or misspelt. So each sample is read and written again, and every
//! field must come back.

use std::collections::BTreeSet;
use std::fs;

use aws_lambda_events::event::{
    activemq::ActiveMqEvent,
    alb::AlbTargetGroupRequest,
    apigw::{
        ApiGatewayCustomAuthorizerRequest, ApiGatewayCustomAuthorizerRequestTypeRequest, ApiGatewayProxyRequest,
        ApiGatewayV2CustomAuthorizerV1Request, ApiGatewayV2CustomAuthorizerV2Request, ApiGatewayV2httpRequest,
        ApiGatewayWebsocketProxyRequest,
    },
    appsync::{AppSyncDirectResolverEvent, AppSyncLambdaAuthorizerRequest},
    autoscaling::AutoScalingEvent,
    bedrock_agent_runtime::AgentEvent,
    chime_bot::ChimeBotEvent,
    clientvpn::ClientVpnConnectionHandlerRequest,
    cloudformation::CloudFormationCustomResourceRequest,
    cloudwatch_alarms::{CloudWatchCompositeAlarm, CloudWatchMetricAlarm},
    cloudwatch_events::{CloudWatchEvent, ec2::InstanceStateChange},
    cloudwatch_logs::LogsEvent,
    code_commit::CodeCommitEvent,
    codebuild::CodeBuildEvent,
    codedeploy::CodeDeployEvent,
    codepipeline_cloudwatch::CodePipelineCloudWatchEvent,
    codepipeline_job::CodePipelineJobEvent,
    cognito::{
        CognitoEvent, CognitoEventUserPoolsCreateAuthChallenge, CognitoEventUserPoolsCustomMessage,
        CognitoEventUserPoolsDefineAuthChallenge, CognitoEventUserPoolsMigrateUser,
        CognitoEventUserPoolsPostAuthentication, CognitoEventUserPoolsPostConfirmation,
        CognitoEventUserPoolsPreAuthentication, CognitoEventUserPoolsPreSignup, CognitoEventUserPoolsPreTokenGen,
        CognitoEventUserPoolsPreTokenGenV2, CognitoEventUserPoolsVerifyAuthChallenge,
    },
    config::ConfigEvent,
    connect::ConnectEvent,
    controltower::ControlTowerLifecycleEvent,
    documentdb::DocumentDbEvent,
    dynamodb,
    ecr_scan::EcrScanEvent,
    eventbridge::EventBridgeEvent,
    firehose::KinesisFirehoseEvent,
    iot::IoTCoreCustomAuthorizerRequest,
    iot_1_click::IoTOneClickEvent,
    iot_button::IoTButtonEvent,
    kafka::KafkaEvent,
    kinesis::{KinesisEvent, analytics::KinesisAnalyticsOutputDeliveryEvent},
    lambda_function_urls::LambdaFunctionUrlRequest,
    lex::LexEvent,
    rabbitmq::RabbitMqEvent,
    s3::{S3Event, batch_job::S3BatchJobEvent, object_lambda::S3ObjectLambdaEvent},
    secretsmanager::SecretsManagerSecretRotationEvent,
    ses::SimpleEmailEvent,
    sns::SnsEvent,
    sqs::SqsEvent,
    vpc_lattice::VpcLatticeRequestV2,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{directory, sample};

/// Reads an event into its type and writes it again.
type RoundTrip = fn(&str) -> Value;

const TYPES: &[(&str, RoundTrip)] = &[
    ("activemq", round_trip::<ActiveMqEvent>),
    ("alb", round_trip::<AlbTargetGroupRequest>),
    ("apigw-v1", round_trip::<ApiGatewayProxyRequest>),
    ("apigw-v1-authorizer", round_trip::<ApiGatewayCustomAuthorizerRequestTypeRequest>),
    ("apigw-v1-token-authorizer", round_trip::<ApiGatewayCustomAuthorizerRequest>),
    ("apigw-v2", round_trip::<ApiGatewayV2httpRequest>),
    ("apigw-v2-authorizer", round_trip::<ApiGatewayV2CustomAuthorizerV2Request>),
    ("apigw-v2-authorizer-v1", round_trip::<ApiGatewayV2CustomAuthorizerV1Request>),
    ("apigw-websocket", round_trip::<ApiGatewayWebsocketProxyRequest>),
    ("appsync", round_trip::<AppSyncDirectResolverEvent>),
    ("appsync-authorizer", round_trip::<AppSyncLambdaAuthorizerRequest>),
    ("autoscaling", round_trip::<AutoScalingEvent>),
    ("bedrock-agent", round_trip::<AgentEvent>),
    ("chime-bot", round_trip::<ChimeBotEvent>),
    ("clientvpn", round_trip::<ClientVpnConnectionHandlerRequest>),
    ("cloudformation", round_trip::<CloudFormationCustomResourceRequest>),
    ("cloudwatch-alarm", round_trip::<CloudWatchMetricAlarm>),
    ("cloudwatch-alarm-composite", round_trip::<CloudWatchCompositeAlarm>),
    ("cloudwatch-logs", round_trip::<LogsEvent>),
    ("codebuild", round_trip::<CodeBuildEvent>),
    ("codecommit", round_trip::<CodeCommitEvent>),
    ("codedeploy", round_trip::<CodeDeployEvent>),
    ("codepipeline", round_trip::<CodePipelineJobEvent>),
    ("codepipeline-state", round_trip::<CodePipelineCloudWatchEvent>),
    ("cognito-create-auth-challenge", round_trip::<CognitoEventUserPoolsCreateAuthChallenge>),
    ("cognito-custom-message", round_trip::<CognitoEventUserPoolsCustomMessage>),
    ("cognito-define-auth-challenge", round_trip::<CognitoEventUserPoolsDefineAuthChallenge>),
    ("cognito-migrate-user", round_trip::<CognitoEventUserPoolsMigrateUser>),
    ("cognito-post-authentication", round_trip::<CognitoEventUserPoolsPostAuthentication>),
    ("cognito-post-confirmation", round_trip::<CognitoEventUserPoolsPostConfirmation>),
    ("cognito-pre-authentication", round_trip::<CognitoEventUserPoolsPreAuthentication>),
    ("cognito-pre-signup", round_trip::<CognitoEventUserPoolsPreSignup>),
    ("cognito-pre-token", round_trip::<CognitoEventUserPoolsPreTokenGenV2>),
    ("cognito-pre-token-v1", round_trip::<CognitoEventUserPoolsPreTokenGen>),
    ("cognito-sync", round_trip::<CognitoEvent>),
    ("cognito-verify-auth-challenge", round_trip::<CognitoEventUserPoolsVerifyAuthChallenge>),
    ("config", round_trip::<ConfigEvent>),
    ("connect", round_trip::<ConnectEvent>),
    ("controltower", round_trip::<CloudWatchEvent<ControlTowerLifecycleEvent>>),
    ("documentdb", round_trip::<DocumentDbEvent>),
    ("dynamodb", round_trip::<dynamodb::Event>),
    ("ecr-scan", round_trip::<EcrScanEvent>),
    ("eventbridge", round_trip::<EventBridgeEvent>),
    ("eventbridge-ec2", round_trip::<CloudWatchEvent<InstanceStateChange>>),
    ("eventbridge-s3", round_trip::<EventBridgeEvent>),
    ("eventbridge-scheduled", round_trip::<EventBridgeEvent>),
    ("firehose", round_trip::<KinesisFirehoseEvent>),
    ("iot-1-click", round_trip::<IoTOneClickEvent>),
    ("iot-authorizer", round_trip::<IoTCoreCustomAuthorizerRequest>),
    ("iot-button", round_trip::<IoTButtonEvent>),
    ("kafka", round_trip::<KafkaEvent>),
    ("kafka-self-managed", round_trip::<KafkaEvent>),
    ("kinesis", round_trip::<KinesisEvent>),
    ("kinesis-analytics", round_trip::<KinesisAnalyticsOutputDeliveryEvent>),
    ("lambda-url", round_trip::<LambdaFunctionUrlRequest>),
    ("lex", round_trip::<LexEvent>),
    ("rabbitmq", round_trip::<RabbitMqEvent>),
    ("s3", round_trip::<S3Event>),
    ("s3-batch", round_trip::<S3BatchJobEvent>),
    ("s3-object-lambda", round_trip::<S3ObjectLambdaEvent>),
    ("secretsmanager", round_trip::<SecretsManagerSecretRotationEvent>),
    ("ses", round_trip::<SimpleEmailEvent>),
    ("sns", round_trip::<SnsEvent>),
    ("sqs", round_trip::<SqsEvent>),
    ("vpc-lattice", round_trip::<VpcLatticeRequestV2>),
];

/// Documented fields that the types lack.
const UNKNOWN_TO_THE_TYPES: &[&str] = &[
    "apigw-v1/requestcontext/extendedrequestid",
    "cognito-pre-authentication/request/usernotfound",
    "documentdb/events/0/event/fulldocument",
    "documentdb/events/0/event/fulldocument/_id",
    "documentdb/events/0/event/fulldocument/_id/$oid",
    "documentdb/events/0/event/fulldocument/item",
    "documentdb/events/0/event/fulldocument/pieces",
    "kinesis-analytics/records/0/lambdadeliveryrecordmetadata",
    "kinesis-analytics/records/0/lambdadeliveryrecordmetadata/retryhint",
    "lambda-url/requestcontext/routekey",
    "lambda-url/requestcontext/stage",
    "lambda-url/routekey",
];

fn round_trip<T: DeserializeOwned + Serialize>(json: &str) -> Value {
    let event: T = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}"));
    serde_json::to_value(event).unwrap()
}

/// The path of every field with a value, in lower case, since the types store names of HTTP headers in lower case.
fn fields(value: &Value) -> BTreeSet<String> {
    fn visit(path: &str, value: &Value, fields: &mut BTreeSet<String>) {
        let entries: Vec<_> = match value {
            Value::Null => return,
            Value::Object(object) => object.iter().map(|(name, value)| (name.to_lowercase(), value)).collect(),
            Value::Array(array) => array.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
            _ => Vec::new(),
        };
        fields.insert(path.to_owned());
        for (name, value) in entries {
            visit(&format!("{path}/{name}"), value, fields);
        }
    }
    let mut fields = BTreeSet::new();
    visit("", value, &mut fields);
    fields
}

#[test]
fn every_field_survives_the_type_of_its_event() {
    let mut lost = Vec::new();
    for (name, round_trip) in TYPES {
        let json = sample(name);
        let kept = fields(&round_trip(&json));
        let missing = fields(&serde_json::from_str(&json).unwrap()).into_iter().filter(|field| !kept.contains(field));
        lost.extend(missing.map(|field| format!("{name}{field}")));
    }
    assert_eq!(lost, UNKNOWN_TO_THE_TYPES);
}

#[test]
fn every_sample_has_a_type() {
    let files = fs::read_dir(directory()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<_> = files.collect();
    let expected: BTreeSet<_> = TYPES.iter().map(|(name, _)| format!("{name}.json")).collect();
    assert_eq!(files, expected);
}
