// One function. cargo lambda-zip builds it when the app is synthesized.
import { execFileSync } from "node:child_process";
import { App, AssetHashType, Duration, Stack } from "aws-cdk-lib";
import { Architecture, Code, Function, Runtime } from "aws-cdk-lib/aws-lambda";

/** Builds a package with one function and returns the entry of its zip in the JSON report. */
function build(manifest, arch) {
  const args = ["lambda-zip", "--manifest-path", manifest, "--arch", arch, "--message-format", "json"];
  const report = JSON.parse(execFileSync("cargo", args, { stdio: ["ignore", "pipe", "inherit"] }));
  return report.archives[0];
}

const zip = build("../../hello/Cargo.toml", "arm64");

const app = new App();
const stack = new Stack(app, "Hello");
new Function(stack, "HelloFunction", {
  // The hash is the same on every machine, so an unchanged function is not deployed again.
  code: Code.fromAsset(zip.path, {
    assetHashType: AssetHashType.CUSTOM,
    assetHash: Buffer.from(zip.code_sha256, "base64").toString("hex"),
  }),
  runtime: new Runtime(zip.runtime),
  architecture: zip.arch === "arm64" ? Architecture.ARM_64 : Architecture.X86_64,
  handler: "bootstrap",
  memorySize: 128,
  timeout: Duration.seconds(10),
});
app.synth();
