/** One full-screen drawing step: a fragment shader over every pixel of its target. */
export declare class GlPass {
    private readonly gl;
    private readonly program;
    private readonly uniforms;
    /** Throws if the browser cannot compile it. */
    constructor(gl: WebGL2RenderingContext, fragment: string);
    /** Textures are bound to units in the order given. `target` null: the canvas. */
    draw(target: GlTarget | null, [width, height]: readonly [number, number], textures: Readonly<Record<string, WebGLTexture>>, values?: Readonly<Record<string, number | readonly number[]>>): void;
    private location;
}
/** A texture that can be drawn into: 8-bit pixels, or four floats a pixel as the bits of unsigned integers. */
export declare class GlTarget {
    readonly texture: WebGLTexture;
    readonly framebuffer: WebGLFramebuffer;
    constructor(gl: WebGL2RenderingContext, kind: "bytes" | "floats", width: number, height: number);
    free(gl: WebGL2RenderingContext): void;
}
export declare function makeTexture(gl: WebGL2RenderingContext, filter: number): WebGLTexture;
