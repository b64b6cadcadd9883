import constants from "../../../packets/crates/beauty/constants.json";

// The formulas and their names are those of the native kernel, libs/packets/crates/beauty/src/lib.rs, for limited range.
// Luma and chroma are in codes, 0 to 255. Row 0 is the top row in every texture.
const { grid, skin, smooth, sharpen, whiten, rosy, limited } = constants;

/** As GLSL wants its floats. */
function num(value: number | undefined): string {
  if (value === undefined) throw new Error("The constants and the shaders do not fit together.");
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

const BLACK = num(limited.black);
const WHITE = num(limited.white);

const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp usampler2D;
float unit(float x) { return clamp(x, 0.0, 1.0); }
float lift(float luma, float floorShare) {
  return floorShare + (1.0 - floorShare) * unit((luma - ${BLACK}) / ${num(smooth["luma_knee"])});
}
`;

/** Four floats of a grid cell; cells beyond the border repeat the last one. */
const CELLS = `
uniform usampler2D cells;
vec4 cell(ivec2 at) {
  return uintBitsToFloat(texelFetch(cells, clamp(at, ivec2(0), textureSize(cells, 0) - 1), 0));
}
`;

const GRID_OUT = `
out uvec4 result;
`;

/** The browser's picture to BT.601 codes, made smaller if it is shown smaller. */
export const CONVERT = `${HEAD}
uniform sampler2D picture;
uniform vec2 size;
uniform int taps;
out vec4 result;
void main() {
  vec3 rgb = vec3(0.0);
  for (int y = 0; y < taps; y++)
    for (int x = 0; x < taps; x++) {
      vec2 inside = (vec2(x, y) + 0.5) / float(taps) - 0.5;
      rgb += texture(picture, (gl_FragCoord.xy + inside) / size).rgb;
    }
  rgb /= float(taps * taps);
  result = vec4(
    16.0 + dot(rgb, vec3(65.481, 128.553, 24.966)),
    128.0 + dot(rgb, vec3(-37.797, -74.203, 112.0)),
    128.0 + dot(rgb, vec3(112.0, -93.786, -18.214)),
    255.0) / 255.0;
}`;

/** A cell's mean luma, and how much it looks like skin. */
export const GRID = `${HEAD}${GRID_OUT}
uniform sampler2D codes;
uniform int cellSize;
float ramp(float numerator, float denominator) { return unit(numerator / denominator); }
void main() {
  ivec2 last = textureSize(codes, 0) - 1;
  ivec2 first = ivec2(gl_FragCoord.xy) * cellSize;
  vec3 sum = vec3(0.0);
  for (int y = 0; y < cellSize; y++)
    for (int x = 0; x < cellSize; x++)
      sum += texelFetch(codes, min(first + ivec2(x, y), last), 0).rgb;
  vec3 mean = sum * (255.0 / float(cellSize * cellSize));
  float L = mean.x - ${BLACK};
  vec2 chroma = mean.yz - 128.0;
  float a = dot(chroma, vec2(${num(skin["along_u"])}, ${num(skin["along_v"])}));
  float b = dot(chroma, vec2(${num(skin["across_u"])}, ${num(skin["across_v"])}));
  b *= b > 0.0 ? ${num(skin["pink_weight"])} : ${num(skin["yellow_weight"])};
  float mask =
    ramp(${num(skin["hue_outer_slope"])} * a + ${num(skin["hue_outer"])} - abs(b),
      ${num(skin["hue_ramp_slope"])} * max(a, 0.0) + ${num(skin["hue_ramp"])}) *
    ramp(a - ${num(skin["pale_start_slope"])} * L - ${num(skin["pale_start"])},
      ${num(skin["pale_ramp_slope"])} * L + ${num(skin["pale_ramp"])}) *
    ramp(${num(skin["vivid_end_slope"])} * L + ${num(skin["vivid_end"])} - a,
      ${num(skin["vivid_ramp_slope"])} * L + ${num(skin["vivid_ramp"])}) *
    ramp(L - ${num(skin["dark_start"])}, ${num(skin["dark_ramp"])});
  result = floatBitsToUint(vec4(mean.x, mask, 0.0, 0.0));
}`;

/** Along a row: means of luma, of its square and of the mask; the cell's luma goes along. */
export const MOMENTS_ACROSS = `${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec3 sum = vec3(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) {
    vec2 each = cell(at + ivec2(d, 0)).xy;
    sum += vec3(each.x, each.x * each.x, abs(d) <= ${grid.mask_radius} ? each.y : 0.0);
  }
  vec3 widths = vec3(${2 * grid.guide_radius + 1}, ${2 * grid.guide_radius + 1}, ${2 * grid.mask_radius + 1});
  result = floatBitsToUint(vec4(sum / widths, cell(at).x));
}`;

/** Down a column, and from mean and variance to the filter's coefficients: c, o, mask, luma. */
export const COEFFICIENTS = `${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec3 sum = vec3(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) {
    vec3 each = cell(at + ivec2(0, d)).xyz;
    sum += vec3(each.xy, abs(d) <= ${grid.mask_radius} ? each.z : 0.0);
  }
  vec3 widths = vec3(${2 * grid.guide_radius + 1}, ${2 * grid.guide_radius + 1}, ${2 * grid.mask_radius + 1});
  vec3 mean = sum / widths;
  float v = max(0.0, mean.y - mean.x * mean.x);
  float e = ${num(smooth["epsilon"])} * lift(mean.x, ${num(smooth["epsilon_floor"])});
  float c = e * e / (v + e * e);
  result = floatBitsToUint(vec4(c, c * mean.x, mean.z, cell(at).w));
}`;

export const COEFFICIENTS_ACROSS = `${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec2 sum = vec2(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) sum += cell(at + ivec2(d, 0)).xy;
  result = floatBitsToUint(vec4(sum / ${num(2 * grid.guide_radius + 1)}, cell(at).zw));
}`;

/** What the last pass reads of a cell: c, o, 1 / D, mask. */
export const COEFFICIENTS_DOWN = `${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec2 sum = vec2(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) sum += cell(at + ivec2(0, d)).xy;
  float c = sum.x / ${num(2 * grid.guide_radius + 1)};
  float o = sum.y / ${num(2 * grid.guide_radius + 1)};
  vec2 maskAndLuma = cell(at).zw;
  float I = maskAndLuma.y;
  float D = max(${num(smooth["threshold_least"])}, (c + ${num(smooth["edge_offset"])}) * ${num(smooth["threshold"])} *
    lift(I - (c * I - o), ${num(smooth["threshold_floor"])}));
  result = floatBitsToUint(vec4(c, o, 1.0 / D, maskAndLuma.x));
}`;

/** Every pixel: smoothing, sharpening, whitening, rosy, and back to the browser's colours. */
export const FINISH = `${HEAD}${CELLS}
uniform sampler2D codes;
uniform int cellSize;
/** Smooth, whiten, rosy, sharpen; 0 to 1. */
uniform vec4 strengths;
out vec4 result;
vec4 coefficients(ivec2 pixel) {
  vec2 at = (vec2(pixel) + 0.5) / float(cellSize) - 0.5;
  ivec2 first = ivec2(floor(at));
  vec2 share = at - vec2(first);
  return mix(
    mix(cell(first), cell(first + ivec2(1, 0)), share.x),
    mix(cell(first + ivec2(0, 1)), cell(first + ivec2(1, 1)), share.x),
    share.y);
}
void main() {
  ivec2 size = textureSize(codes, 0);
  // The canvas counts its rows from below.
  ivec2 at = ivec2(gl_FragCoord.x, float(size.y) - gl_FragCoord.y);
  vec3 input3 = texelFetch(codes, at, 0).rgb * 255.0;
  float I = input3.x;
  float Y = I;
  if (strengths.x + strengths.w > 0.0) {
    float g = 0.0;
    for (int y = -1; y <= 1; y++)
      for (int x = -1; x <= 1; x++) {
        float weight = float((2 - abs(x)) * (2 - abs(y))) / 16.0;
        g += weight * texelFetch(codes, clamp(at + ivec2(x, y), ivec2(0), size - 1), 0).r * 255.0;
      }
    float w = 0.0;
    float S = ${num(smooth["full"])} * strengths.x;
    if (S > 0.0) {
      vec4 each = coefficients(at);
      float t = min(1.0, abs(each.x * g - each.y) * each.z);
      w = each.w * (1.0 - t * t) * (1.0 - t * t);
      Y -= S * w * clamp(each.x * I - each.y, -${num(smooth["detail_most"])}, ${num(smooth["detail_most"])});
    }
    if (strengths.w > 0.0) {
      float h = I - g;
      float x = unit(${num(sharpen["gain"])} * strengths.w * max(0.0, abs(h) - ${num(sharpen["coring"])}) /
        ${num(2 * (sharpen["limit"] ?? 0))});
      Y += sign(h) * ${num(sharpen["limit"])} * (1.0 - (1.0 - x) * (1.0 - x)) *
        (1.0 - min(1.0, ${num(sharpen["relief"])} * S) * w);
      Y = clamp(Y, min(I, ${BLACK}), max(I, ${WHITE}));
    }
  }
  if (strengths.y > 0.0) {
    float n = unit((Y - ${BLACK}) / (${WHITE} - ${BLACK}));
    float B = 1.0 + ${num(whiten["base"])} * strengths.y;
    Y += (${WHITE} - ${BLACK}) * (log(1.0 + (B - 1.0) * n) / log(B) - n);
  }
  vec2 UV = input3.yz;
  if (strengths.z > 0.0) {
    float x = unit((I - ${BLACK}) / ${num(rosy["luma_knee"])});
    float q = ${num(rosy["peak"])} * (1.0 - (1.0 - x) * (1.0 - x)) * strengths.z;
    UV.x = min(UV.x, max(UV.x + ${num(rosy["u"])} * q, ${num(limited.chroma_min)}));
    UV.y = max(UV.y, min(UV.y + ${num(rosy["v"])} * q, ${num(limited.chroma_max)}));
  }
  vec3 code = vec3(1.164383 * (floor(Y + 0.5) - 16.0), UV - 128.0);
  result = vec4(
    dot(code, vec3(1.0, 0.0, 1.596027)),
    dot(code, vec3(1.0, -0.391762, -0.812968)),
    dot(code, vec3(1.0, 2.017232, 0.0)),
    255.0) / 255.0;
}`;

export const GRID_LINES = grid.lines;
