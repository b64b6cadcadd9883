/** How strong each effect is, 0 (off) to 100; one that is left out is 50. */
export interface ZegoEffectsBeautyParam {
    /** Skin gets smoother; moles, lashes and edges stay. */
    smoothIntensity?: number;
    /** The whole picture gets brighter. */
    whitenIntensity?: number;
    /** The whole picture gets warmer. */
    rosyIntensity?: number;
    /** The whole picture gets crisper. */
    sharpenIntensity?: number;
}
