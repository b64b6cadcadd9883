export declare const MixStream: { readonly name: "MixStream" };
