export declare const AudioMix: { readonly name: "AudioMix" };
