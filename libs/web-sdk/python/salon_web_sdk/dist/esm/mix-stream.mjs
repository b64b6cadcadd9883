export const MixStream = { name: "MixStream" };
