export declare const StreamCDN: { readonly name: "StreamCDN" };
