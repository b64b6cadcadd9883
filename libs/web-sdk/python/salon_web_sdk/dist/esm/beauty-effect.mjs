export const BeautyEffect = { name: "BeautyEffect" };
