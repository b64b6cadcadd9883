// Bundled at build time, from the native kernel's own folder: there is one file of constants.
declare module "*/constants.json" {
  interface Range {
    black: number;
    white: number;
    chroma_min: number;
    chroma_max: number;
  }
  const constants: {
    limited: Range;
    grid: Record<"lines" | "guide_radius" | "mask_radius", number>;
    skin: Record<string, number>;
    smooth: Record<string, number>;
    sharpen: Record<string, number>;
    whiten: Record<string, number>;
    rosy: Record<string, number>;
  };
  export default constants;
}
