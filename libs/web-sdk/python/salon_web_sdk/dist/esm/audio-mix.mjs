export const AudioMix = { name: "AudioMix" };
