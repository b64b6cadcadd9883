import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import constants from "../../packets/crates/beauty/constants.json";
import * as shaders from "../src/beauty/shaders.js";

test("the shaders use every constant of the kernel", () => {
  // `npm test` runs in the package's folder.
  const source = readFileSync("src/beauty/shaders.ts", "utf8");
  for (const [group, numbers] of Object.entries(constants)) {
    // Cameras give the browser limited range, or it makes that of them.
    if (typeof numbers !== "object" || group === "full") continue;
    for (const name of Object.keys(numbers)) {
      if (name !== "about") assert.match(source, new RegExp(`${group}(\\["${name}"\\]|\\.${name}\\b)`), name);
    }
  }
});

test("every shader is whole: no number is missing or written as GLSL does not read it", () => {
  const sources = Object.values(shaders).filter((each): each is string => typeof each === "string");
  assert.equal(sources.length, 7);
  for (const source of sources) assert.doesNotMatch(source, /undefined|NaN|\$\{|\de[-+]?\d/);
});
