var GlPass=class{constructor(gl,fragment){this.gl=gl;this.uniforms=new Map;this.program=link(gl,fragment)}draw(target,[width,height],textures,values={}){let{gl}=this;
gl.useProgram(this.program),gl.bindFramebuffer(gl.FRAMEBUFFER,target?.framebuffer??null),gl.viewport(0,0,width,height),Object.entries(textures).forEach(([name,texture],unit)=>{
gl.activeTexture(gl.TEXTURE0+unit),gl.bindTexture(gl.TEXTURE_2D,texture),gl.uniform1i(this.location(name),unit)});for(let[name,value]of Object.entries(values))typeof value==
"number"?gl.uniform1i(this.location(name),value):value.length===2?gl.uniform2f(this.location(name),value[0]??0,value[1]??0):gl.uniform4fv(this.location(name),value);
gl.drawArrays(gl.TRIANGLES,0,3)}location(name){let found=this.uniforms.get(name);return found===void 0&&(found=this.gl.getUniformLocation(this.program,name),this.
uniforms.set(name,found)),found}},GlTarget=class{constructor(gl,kind,width,height){this.texture=makeTexture(gl,gl.NEAREST),kind==="bytes"?gl.texStorage2D(gl.TEXTURE_2D,
1,gl.RGBA8,width,height):gl.texStorage2D(gl.TEXTURE_2D,1,gl.RGBA32UI,width,height),this.framebuffer=gl.createFramebuffer(),gl.bindFramebuffer(gl.FRAMEBUFFER,this.
framebuffer),gl.framebufferTexture2D(gl.FRAMEBUFFER,gl.COLOR_ATTACHMENT0,gl.TEXTURE_2D,this.texture,0)}free(gl){gl.deleteFramebuffer(this.framebuffer),gl.deleteTexture(
this.texture)}};function makeTexture(gl,filter){let texture=gl.createTexture();return gl.bindTexture(gl.TEXTURE_2D,texture),gl.texParameteri(gl.TEXTURE_2D,gl.TEXTURE_MIN_FILTER,
filter),gl.texParameteri(gl.TEXTURE_2D,gl.TEXTURE_MAG_FILTER,filter),gl.texParameteri(gl.TEXTURE_2D,gl.TEXTURE_WRAP_S,gl.CLAMP_TO_EDGE),gl.texParameteri(gl.TEXTURE_2D,
gl.TEXTURE_WRAP_T,gl.CLAMP_TO_EDGE),texture}var COVER=`#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;function link(gl,fragment){let program=gl.createProgram();for(let[type,source]of[[gl.VERTEX_SHADER,COVER],[gl.FRAGMENT_SHADER,fragment]]){let shader=gl.createShader(
type);if(gl.shaderSource(shader,source),gl.compileShader(shader),gl.attachShader(program,shader),gl.deleteShader(shader),gl.getShaderParameter(shader,gl.COMPILE_STATUS)===
!1)throw new Error(gl.getShaderInfoLog(shader)??"")}if(gl.linkProgram(program),gl.getProgramParameter(program,gl.LINK_STATUS)===!1)throw new Error(gl.getProgramInfoLog(
program)??"");return program}var constants_default={about:"Every number of the beauty effects. The Rust kernel and the browser's preview shader read this one file; the formulas stand in src\
/lib.rs. Levels are luma or chroma codes of limited range (0 to 255); for full range multiply luma levels by 255/219 and chroma levels by 255/224.",limited:{about:"\
BT.601, limited range: black, white and the outermost chroma codes.",black:16,white:235,chroma_min:16,chroma_max:240},full:{about:"The same for full range.",black:0,
white:255,chroma_min:0,chroma_max:255},grid:{about:"Grid step s = max(1, round(min(width, height) / lines)). Radii in grid cells: a box of radius r is 2r+1 wide\
.",lines:180,guide_radius:4,mask_radius:2},skin:{about:"The soft mask of a grid cell from its mean chroma and luma: products of clamp(numerator / denominator, 0\
, 1). along/across: unit vectors on (U-128, V-128); pink_weight multiplies across where it is positive, yellow_weight where it is negative.",along_u:-.643,along_v:.766,
across_u:.766,across_v:.643,pink_weight:.6,yellow_weight:.7,hue_outer_slope:.66,hue_outer:1,hue_ramp_slope:.26,hue_ramp:1,pale_start_slope:.008,pale_start:.3,pale_ramp_slope:.022,
pale_ramp:.5,vivid_end_slope:.62,vivid_end:0,vivid_ramp_slope:.17,vivid_ramp:.5,dark_start:4,dark_ramp:10},smooth:{about:"Guided filter and shrinkage. full is t\
he share of the detail taken away at strength 100, of detail_most levels at most. epsilon and threshold are in levels and fall with the local luma: floor + (1 -\
 floor) * min(1, luma above black / knee).",full:.95,epsilon:21.9,epsilon_floor:.2,threshold:31,threshold_floor:.1,luma_knee:120,edge_offset:.02,threshold_least:1,
detail_most:12},sharpen:{about:"High-pass gain at strength 100; high-pass below coring levels is noise; limit is the most levels ever added. relief: skin that i\
s smoothed by S is sharpened by 1 - min(1, relief * S) * mask * weight.",gain:1.6,coring:2,limit:12,relief:2},whiten:{about:"Luma curve log(1 + (B-1) n) / log(B\
) with B = 1 + base * strength / 100 and n from 0 (black) to 1 (white).",base:3},rosy:{about:"Chroma levels added at strength 100, times peak * (1 - (1 - x)^2),\
 x = min(1, luma above black / luma_knee): black stays black.",u:-9,v:12,peak:.75,luma_knee:150}};var{grid,skin,smooth,sharpen,whiten,rosy,limited}=constants_default;function num(value){if(value===void 0)throw new Error("The constants and the shaders do not \
fit together.");return Number.isInteger(value)?`${value}.0`:String(value)}var BLACK=num(limited.black),WHITE=num(limited.white),HEAD=`#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp usampler2D;
float unit(float x) { return clamp(x, 0.0, 1.0); }
float lift(float luma, float floorShare) {
  return floorShare + (1.0 - floorShare) * unit((luma - ${BLACK}) / ${num(smooth.luma_knee)});
}
`,CELLS=`
uniform usampler2D cells;
vec4 cell(ivec2 at) {
  return uintBitsToFloat(texelFetch(cells, clamp(at, ivec2(0), textureSize(cells, 0) - 1), 0));
}
`,GRID_OUT=`
out uvec4 result;
`,CONVERT=`${HEAD}
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
}`,GRID=`${HEAD}${GRID_OUT}
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
  float a = dot(chroma, vec2(${num(skin.along_u)}, ${num(skin.along_v)}));
  float b = dot(chroma, vec2(${num(skin.across_u)}, ${num(skin.across_v)}));
  b *= b > 0.0 ? ${num(skin.pink_weight)} : ${num(skin.yellow_weight)};
  float mask =
    ramp(${num(skin.hue_outer_slope)} * a + ${num(skin.hue_outer)} - abs(b),
      ${num(skin.hue_ramp_slope)} * max(a, 0.0) + ${num(skin.hue_ramp)}) *
    ramp(a - ${num(skin.pale_start_slope)} * L - ${num(skin.pale_start)},
      ${num(skin.pale_ramp_slope)} * L + ${num(skin.pale_ramp)}) *
    ramp(${num(skin.vivid_end_slope)} * L + ${num(skin.vivid_end)} - a,
      ${num(skin.vivid_ramp_slope)} * L + ${num(skin.vivid_ramp)}) *
    ramp(L - ${num(skin.dark_start)}, ${num(skin.dark_ramp)});
  result = floatBitsToUint(vec4(mean.x, mask, 0.0, 0.0));
}`,MOMENTS_ACROSS=`${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec3 sum = vec3(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) {
    vec2 each = cell(at + ivec2(d, 0)).xy;
    sum += vec3(each.x, each.x * each.x, abs(d) <= ${grid.mask_radius} ? each.y : 0.0);
  }
  vec3 widths = vec3(${2*grid.guide_radius+1}, ${2*grid.guide_radius+1}, ${2*grid.mask_radius+1});
  result = floatBitsToUint(vec4(sum / widths, cell(at).x));
}`,COEFFICIENTS=`${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec3 sum = vec3(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) {
    vec3 each = cell(at + ivec2(0, d)).xyz;
    sum += vec3(each.xy, abs(d) <= ${grid.mask_radius} ? each.z : 0.0);
  }
  vec3 widths = vec3(${2*grid.guide_radius+1}, ${2*grid.guide_radius+1}, ${2*grid.mask_radius+1});
  vec3 mean = sum / widths;
  float v = max(0.0, mean.y - mean.x * mean.x);
  float e = ${num(smooth.epsilon)} * lift(mean.x, ${num(smooth.epsilon_floor)});
  float c = e * e / (v + e * e);
  result = floatBitsToUint(vec4(c, c * mean.x, mean.z, cell(at).w));
}`,COEFFICIENTS_ACROSS=`${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec2 sum = vec2(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) sum += cell(at + ivec2(d, 0)).xy;
  result = floatBitsToUint(vec4(sum / ${num(2*grid.guide_radius+1)}, cell(at).zw));
}`,COEFFICIENTS_DOWN=`${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec2 sum = vec2(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) sum += cell(at + ivec2(0, d)).xy;
  float c = sum.x / ${num(2*grid.guide_radius+1)};
  float o = sum.y / ${num(2*grid.guide_radius+1)};
  vec2 maskAndLuma = cell(at).zw;
  float I = maskAndLuma.y;
  float D = max(${num(smooth.threshold_least)}, (c + ${num(smooth.edge_offset)}) * ${num(smooth.threshold)} *
    lift(I - (c * I - o), ${num(smooth.threshold_floor)}));
  result = floatBitsToUint(vec4(c, o, 1.0 / D, maskAndLuma.x));
}`,FINISH=`${HEAD}${CELLS}
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
    float S = ${num(smooth.full)} * strengths.x;
    if (S > 0.0) {
      vec4 each = coefficients(at);
      float t = min(1.0, abs(each.x * g - each.y) * each.z);
      w = each.w * (1.0 - t * t) * (1.0 - t * t);
      Y -= S * w * clamp(each.x * I - each.y, -${num(smooth.detail_most)}, ${num(smooth.detail_most)});
    }
    if (strengths.w > 0.0) {
      float h = I - g;
      float x = unit(${num(sharpen.gain)} * strengths.w * max(0.0, abs(h) - ${num(sharpen.coring)}) /
        ${num(2*(sharpen.limit??0))});
      Y += sign(h) * ${num(sharpen.limit)} * (1.0 - (1.0 - x) * (1.0 - x)) *
        (1.0 - min(1.0, ${num(sharpen.relief)} * S) * w);
      Y = clamp(Y, min(I, ${BLACK}), max(I, ${WHITE}));
    }
  }
  if (strengths.y > 0.0) {
    float n = unit((Y - ${BLACK}) / (${WHITE} - ${BLACK}));
    float B = 1.0 + ${num(whiten.base)} * strengths.y;
    Y += (${WHITE} - ${BLACK}) * (log(1.0 + (B - 1.0) * n) / log(B) - n);
  }
  vec2 UV = input3.yz;
  if (strengths.z > 0.0) {
    float x = unit((I - ${BLACK}) / ${num(rosy.luma_knee)});
    float q = ${num(rosy.peak)} * (1.0 - (1.0 - x) * (1.0 - x)) * strengths.z;
    UV.x = min(UV.x, max(UV.x + ${num(rosy.u)} * q, ${num(limited.chroma_min)}));
    UV.y = max(UV.y, min(UV.y + ${num(rosy.v)} * q, ${num(limited.chroma_max)}));
  }
  vec3 code = vec3(1.164383 * (floor(Y + 0.5) - 16.0), UV - 128.0);
  result = vec4(
    dot(code, vec3(1.0, 0.0, 1.596027)),
    dot(code, vec3(1.0, -0.391762, -0.812968)),
    dot(code, vec3(1.0, 2.017232, 0.0)),
    255.0) / 255.0;
}`,GRID_LINES=grid.lines;var FENCE_POLL_MS=2,BeautyRenderer=class _BeautyRenderer{constructor(canvas,gl){this.canvas=canvas;this.gl=gl;this.targets=null;let pass=fragment=>new GlPass(gl,
fragment);this.passes={convert:pass(CONVERT),grid:pass(GRID),momentsAcross:pass(MOMENTS_ACROSS),coefficients:pass(COEFFICIENTS),coefficientsAcross:pass(COEFFICIENTS_ACROSS),
coefficientsDown:pass(COEFFICIENTS_DOWN),finish:pass(FINISH)},this.picture=makeTexture(gl,gl.LINEAR)}static on(canvas){let gl=canvas.getContext("webgl2",{alpha:!1,
antialias:!1,depth:!1,stencil:!1});if(gl===null)return null;try{return new _BeautyRenderer(canvas,gl)}catch{return null}}render(source,size,strengths){let{gl,passes}=this,
{codes,cells,gridSize,cellSize}=this.targetsFor(size),[front,back]=cells;gl.activeTexture(gl.TEXTURE0),gl.bindTexture(gl.TEXTURE_2D,this.picture),gl.texImage2D(
gl.TEXTURE_2D,0,gl.RGBA,gl.RGBA,gl.UNSIGNED_BYTE,source);let sourceWidth="videoWidth"in source?source.videoWidth:source.width,taps=Math.max(1,Math.round(sourceWidth/
size[0]));passes.convert.draw(codes,size,{picture:this.picture},{size,taps}),strengths.smooth>0&&(passes.grid.draw(front,gridSize,{codes:codes.texture},{cellSize}),
passes.momentsAcross.draw(back,gridSize,{cells:front.texture}),passes.coefficients.draw(front,gridSize,{cells:back.texture}),passes.coefficientsAcross.draw(back,
gridSize,{cells:front.texture}),passes.coefficientsDown.draw(front,gridSize,{cells:back.texture}));let{smooth:smooth2,whiten:whiten2,rosy:rosy2,sharpen:sharpen2}=strengths,
values={cellSize,strengths:[smooth2,whiten2,rosy2,sharpen2].map(each=>each/100)};passes.finish.draw(null,size,{codes:codes.texture,cells:front.texture},values)}async finished(){
let{gl}=this,fence=gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE,0);if(gl.flush(),fence!==null){for(;gl.getSyncParameter(fence,gl.SYNC_STATUS)===gl.UNSIGNALED&&!gl.
isContextLost();)await new Promise(resolve=>setTimeout(resolve,FENCE_POLL_MS));gl.deleteSync(fence)}}free(){this.gl.getExtension("WEBGL_lose_context")?.loseContext()}targetsFor([
width,height]){let{canvas,gl}=this;if(this.targets!==null&&canvas.width===width&&canvas.height===height)return this.targets;this.targets?.codes.free(gl),this.targets?.
cells.forEach(each=>each.free(gl)),canvas.width=width,canvas.height=height;let cellSize=Math.max(1,Math.round(Math.min(width,height)/GRID_LINES)),gridSize=[Math.
ceil(width/cellSize),Math.ceil(height/cellSize)],cell=()=>new GlTarget(gl,"floats",...gridSize);return this.targets={codes:new GlTarget(gl,"bytes",width,height),
cells:[cell(),cell()],gridSize,cellSize},this.targets}};export{BeautyRenderer};
