export declare const RangeAudio: { readonly name: "RangeAudio" };
