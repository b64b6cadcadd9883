// Compiles the sample app against the built package, resolved as bundlers do, and loads the package in Node as an ES module and
// as CommonJS.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const app = mkdtempSync(join(tmpdir(), "salon-web-sdk-app-"));

const load = `import { createRequire } from "node:module";
import { ZegoExpressEngine, WebRTCUtil } from "zego-express-engine-webrtc";
import { BeautyEffect } from "zego-express-engine-webrtc/esm/beauty-effect";
const common = createRequire(import.meta.url)("zego-express-engine-webrtc");
const names = Object.keys(common).sort().join();
if (names !== "WebRTCUtil,ZegoExpressEngine" || "default" in common) throw new Error("CommonJS has " + names);
for (const each of [ZegoExpressEngine, common.ZegoExpressEngine]) {
  const zg = new each(1, "");
  if (zg.getVersion() < "2.17.0" || zg.getVersion() !== each.version) throw new Error("version " + zg.getVersion());
  each.use(BeautyEffect);
}
if (typeof WebRTCUtil.supportDetection !== "function") throw new Error("no WebRTCUtil");
`;

try {
  mkdirSync(join(app, "node_modules"));
  symlinkSync(join(root, "python/salon_web_sdk/dist"), join(app, "node_modules/zego-express-engine-webrtc"));
  copyFileSync(join(root, "tests/types/sample-app.ts"), join(app, "sample-app.ts"));
  writeFileSync(join(app, "package.json"), '{"type":"module"}');
  writeFileSync(join(app, "load.mjs"), load);
  const compilerOptions = {
    target: "ES2020",
    lib: ["ES2021", "DOM", "DOM.Iterable"],
    module: "ESNext",
    moduleResolution: "Bundler",
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: [],
  };
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["sample-app.ts"] }));
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", app], { stdio: "inherit" });
  execFileSync(process.execPath, [join(app, "load.mjs")], { stdio: "inherit" });
} catch (thrown) {
  if (thrown.status === undefined) throw thrown;
  process.exitCode = 1;
} finally {
  rmSync(app, { recursive: true, force: true });
}
