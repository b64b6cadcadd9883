/** One full-screen drawing step: a fragment shader over every pixel of its target. */
export class GlPass {
  private readonly program: WebGLProgram;
  private readonly uniforms = new Map<string, WebGLUniformLocation | null>();

  /** Throws if the browser cannot compile it. */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    fragment: string,
  ) {
    this.program = link(gl, fragment);
  }

  /** Textures are bound to units in the order given. `target` null: the canvas. */
  draw(
    target: GlTarget | null,
    [width, height]: readonly [number, number],
    textures: Readonly<Record<string, WebGLTexture>>,
    values: Readonly<Record<string, number | readonly number[]>> = {},
  ): void {
    const { gl } = this;
    gl.useProgram(this.program);
    gl.bindFramebuffer(gl.FRAMEBUFFER, target?.framebuffer ?? null);
    gl.viewport(0, 0, width, height);
    Object.entries(textures).forEach(([name, texture], unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform1i(this.location(name), unit);
    });
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === "number") gl.uniform1i(this.location(name), value);
      else if (value.length === 2) gl.uniform2f(this.location(name), value[0] ?? 0, value[1] ?? 0);
      else gl.uniform4fv(this.location(name), value as number[]);
    }
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  private location(name: string): WebGLUniformLocation | null {
    let found = this.uniforms.get(name);
    if (found === undefined) {
      found = this.gl.getUniformLocation(this.program, name);
      this.uniforms.set(name, found);
    }
    return found;
  }
}

/** A texture that can be drawn into: 8-bit pixels, or four floats a pixel as the bits of unsigned integers. */
export class GlTarget {
  readonly texture: WebGLTexture;
  readonly framebuffer: WebGLFramebuffer;

  constructor(gl: WebGL2RenderingContext, kind: "bytes" | "floats", width: number, height: number) {
    this.texture = makeTexture(gl, gl.NEAREST);
    // Every WebGL2 draws into integer textures; floats would need an extension that phones lack.
    if (kind === "bytes") gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
    else gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32UI, width, height);
    this.framebuffer = gl.createFramebuffer() as WebGLFramebuffer;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.texture, 0);
  }

  free(gl: WebGL2RenderingContext): void {
    gl.deleteFramebuffer(this.framebuffer);
    gl.deleteTexture(this.texture);
  }
}

export function makeTexture(gl: WebGL2RenderingContext, filter: number): WebGLTexture {
  const texture = gl.createTexture() as WebGLTexture;
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return texture;
}

/** One triangle that covers everything, made of nothing but the vertex's number. */
const COVER = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

function link(gl: WebGL2RenderingContext, fragment: string): WebGLProgram {
  const program = gl.createProgram() as WebGLProgram;
  for (const [type, source] of [
    [gl.VERTEX_SHADER, COVER],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(type) as WebGLShader;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
    if (gl.getShaderParameter(shader, gl.COMPILE_STATUS) === false) throw new Error(gl.getShaderInfoLog(shader) ?? "");
  }
  gl.linkProgram(program);
  if (gl.getProgramParameter(program, gl.LINK_STATUS) === false) throw new Error(gl.getProgramInfoLog(program) ?? "");
  return program;
}
