# Build the zip first, and write its report to where this configuration reads it:
#
#   cargo lambda-zip --manifest-path ../../hello/Cargo.toml --arch arm64 --message-format json > report.json
#   terraform apply

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

locals {
  report = jsondecode(file("${path.module}/report.json"))
  hello  = local.report.archives[0]
}

resource "aws_lambda_function" "hello" {
  function_name    = local.hello.function
  filename         = local.hello.path
  source_code_hash = local.hello.code_sha256
  runtime          = local.hello.runtime
  architectures    = [local.hello.arch]
  handler          = "bootstrap"
  memory_size      = 128
  timeout          = 10
  role             = aws_iam_role.hello.arn
}

resource "aws_iam_role" "hello" {
  name = "hello"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.hello.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

output "code_sha256" {
  value = aws_lambda_function.hello.code_sha256
}
