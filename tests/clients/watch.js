// Called with a stream that the participant plays: from now on keeps small pictures and stretches of sound of it until
// they are taken away.
(streamID) => {
  const [width, height] = [64, 48];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const video = salon.videos[streamID];
  const kept = { pictures: [], sounds: [] };
  const base64 = (array) => btoa(String.fromCharCode(...new Uint8Array(array.buffer)));
  const onFrame = () => {
    context.drawImage(video, 0, 0, width, height);
    kept.pictures.push(base64(context.getImageData(0, 0, width, height).data));
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);

  const sound = new AudioContext();
  const analyser = Object.assign(sound.createAnalyser(), { fftSize: 2048 });
  const source = sound.createMediaStreamSource(salon.remote[streamID]);
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    kept.sounds.push(base64(Int16Array.from(samples, (sample) => sample * 32767)));
  }, 60);

  salon.heardBy = source; // Firefox collects one that nobody holds, and it falls silent
  salon.takeKept = () => {
    const taken = { rate: sound.sampleRate, pictures: kept.pictures, sounds: kept.sounds };
    Object.assign(kept, { pictures: [], sounds: [] });
    return taken;
  };
}
