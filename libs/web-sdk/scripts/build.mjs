// Builds the SDK into the folder given, or into the Python package that carries it. The same sources give the same bytes.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const out = resolve(process.argv[2] ?? join(root, "python/salon_web_sdk/dist"));

const common = {
  absWorkingDir: root,
  bundle: true,
  charset: "utf8",
  lineLimit: 160,
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: true,
  platform: "browser",
  target: ["es2020"],
  logLevel: "warning",
};

// CommonJS, then AMD, then one global for each export: there is no namespace object.
const umdHead = `/* Salon browser SDK. Licence: Apache-2.0. */
(function(root,factory){if(typeof module==="object"&&module.exports)module.exports=factory();else if(typeof define==="function"&&define.amd)define([],factory);else{var api=factory();for(var name in api)root[name]=api[name]}})(typeof self!=="undefined"?self:this,function(){var module={exports:{}};`;
const umdFoot = "return module.exports});";

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

await build({
  ...common,
  entryPoints: ["src/entry-umd.ts"],
  format: "cjs",
  outfile: join(out, "ZegoExpressWebRTC.js"),
  banner: { js: umdHead },
  footer: { js: umdFoot },
});
await build({
  ...common,
  entryPoints: ["src/entry-esm.ts"],
  format: "esm",
  outfile: join(out, "ZegoExpressWebRTC.mjs"),
  banner: { js: "/* Salon browser SDK. Licence: Apache-2.0. */" },
});
// In no `exports`: tests load it.
await build({
  ...common,
  entryPoints: ["src/entry-preview.ts"],
  format: "esm",
  outfile: join(out, "beauty-preview.mjs"),
});

const types = ["--emitDeclarationOnly", "--declaration", "--noEmit", "false", "--outDir", join(out, "types")];
execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", root, ...types], {
  stdio: "inherit",
});

/** The declaration at that path and all that it names: nobody can reach the others. */
function reached(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, name] of readFileSync(path, "utf8").matchAll(/from "(\.[^"]+)\.js"/g)) {
    reached(`${resolve(dirname(path), name)}.d.ts`, found);
  }
  return found;
}
const exported = reached(join(out, "types/index.d.ts"));
for (const name of readdirSync(join(out, "types"), { recursive: true })) {
  const path = join(out, "types", name);
  if (name.endsWith(".d.ts") && !exported.has(path)) rmSync(path);
}

/** Where type consumers look, and what they find there. */
const declarations = {
  "index.d.ts": 'export * from "./types/index.js";\n',
  "sdk/code/zh/ZegoExpressEntity.web.d.ts": 'export * from "../../../types/entities/index.js";\n',
  "sdk/code/zh/ZegoExpressEntity.d.ts": 'export * from "../../../types/entities/index.js";\n',
  "sdk/code/zh/ZegoLocalStream.web.d.ts": `import { ZegoLocalStream } from "../../../types/capture/local-stream.js";
export { ZegoLocalStream };
export default ZegoLocalStream;
`,
  "sdk/code/zh/ZegoStreamView.web.d.ts": `import { ZegoStreamView } from "../../../types/play/stream-view.js";
export { ZegoStreamView };
export default ZegoStreamView;
`,
  "sdk/code/zh/ZegoExpressEngine.web.d.ts": 'export { ZegoExpressEngine } from "../../../types/engine.js";\n',
  "sdk/src/common/zego.entity.web.d.ts": 'export * from "../../../types/entities/index.js";\n',
  "sdk/src/common/zego.entity.d.ts": 'export * from "../../../types/entities/index.js";\n',
};
/** On-demand builds pass these to `ZegoExpressEngine.use`, which needs nothing from them. */
const modules = {
  "beauty-effect": "BeautyEffect",
  "audio-mix": "AudioMix",
  "mix-stream": "MixStream",
  "stream-cdn": "StreamCDN",
  "range-audio": "RangeAudio",
};
for (const [file, name] of Object.entries(modules)) {
  declarations[`esm/${file}.mjs`] = `export const ${name} = { name: "${name}" };\n`;
  declarations[`esm/${file}.d.ts`] = `export declare const ${name}: { readonly name: "${name}" };\n`;
}
const manifest = {
  name: "salon-web-sdk-dist",
  version: "0.1.0",
  license: "Apache-2.0",
  main: "./ZegoExpressWebRTC.js",
  module: "./ZegoExpressWebRTC.mjs",
  types: "./index.d.ts",
  exports: {
    ".": { types: "./index.d.ts", import: "./ZegoExpressWebRTC.mjs", default: "./ZegoExpressWebRTC.js" },
    "./esm": { types: "./index.d.ts", default: "./ZegoExpressWebRTC.mjs" },
    "./esm/*": { types: "./esm/*.d.ts", default: "./esm/*.mjs" },
    "./ZegoExpressWebRTC.js": "./ZegoExpressWebRTC.js",
    "./ZegoExpressWebRTC.mjs": "./ZegoExpressWebRTC.mjs",
    "./sdk/*.d": { types: "./sdk/*.d.ts" },
    "./sdk/*": { types: "./sdk/*.d.ts" },
    "./package.json": "./package.json",
  },
};
for (const [path, text] of Object.entries({
  ...declarations,
  "package.json": `${JSON.stringify(manifest, null, 2)}\n`,
})) {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), text);
}
