export const StreamCDN = { name: "StreamCDN" };
