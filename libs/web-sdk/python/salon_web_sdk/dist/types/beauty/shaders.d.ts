/** The browser's picture to BT.601 codes, made smaller if it is shown smaller. */
export declare const CONVERT: string;
/** A cell's mean luma, and how much it looks like skin. */
export declare const GRID: string;
/** Along a row: means of luma, of its square and of the mask; the cell's luma goes along. */
export declare const MOMENTS_ACROSS: string;
/** Down a column, and from mean and variance to the filter's coefficients: c, o, mask, luma. */
export declare const COEFFICIENTS: string;
export declare const COEFFICIENTS_ACROSS: string;
/** What the last pass reads of a cell: c, o, 1 / D, mask. */
export declare const COEFFICIENTS_DOWN: string;
/** Every pixel: smoothing, sharpening, whitening, rosy, and back to the browser's colours. */
export declare const FINISH: string;
export declare const GRID_LINES: number;
