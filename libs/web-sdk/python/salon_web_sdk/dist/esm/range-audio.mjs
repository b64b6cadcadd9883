export const RangeAudio = { name: "RangeAudio" };
