/**
 * Sets a sender's limit, and what gives way where bandwidth is short. Also for a sender that is used again, which still
 * has its former stream's numbers.
 */
export async function applySenderParameters(
  sender: RTCRtpSender,
  maxBitrate: number,
  degradation: RTCDegradationPreference | null,
): Promise<void> {
  if (typeof sender.getParameters !== "function") return;
  const parameters = sender.getParameters();
  // Firefox before 110 names no encodings until some are set.
  if (!(parameters.encodings?.length > 0)) parameters.encodings = [{}];
  for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
  if (degradation !== null) parameters.degradationPreference = degradation;
  try {
    await sender.setParameters(parameters);
  } catch {
    // The stream may have been stopped meanwhile; its bitrate no longer matters.
  }
}
