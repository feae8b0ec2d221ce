// Plugins of wasm-examples, built when a tenant needs one.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const OUT = path.join(ROOT, "build", "conformance-plugins");
const built = new Map();

/** The module file of an example that is written in Go with the SDK. */
export function examplePlugin(name) {
  if (!built.has(name)) built.set(name, build(name));
  return built.get(name);
}

function build(name) {
  const source = path.join(ROOT, "wasm-examples", name);
  const [plain, packed] = [path.join(OUT, `${name}.unpacked.wasm`), path.join(OUT, `${name}.wasm`)];
  mkdirSync(OUT, { recursive: true });
  const go = (args, env = {}) =>
    execFileSync("go", args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "inherit"] });
  go(["build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s", "-o", plain, source], {
    GOOS: "wasip1",
    GOARCH: "wasm",
  });
  go(["run", "./cmd/authhost", "plugin", "pack", plain, path.join(source, "manifest.json"), "-o", packed]);
  return packed;
}
