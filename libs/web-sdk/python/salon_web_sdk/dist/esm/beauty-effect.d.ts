export declare const BeautyEffect: { readonly name: "BeautyEffect" };
