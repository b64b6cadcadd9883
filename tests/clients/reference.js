// The reference (reference.py) as a browser makes it: numbered pictures on a canvas, and a tone.
({ width, height, fps, bits, colours, toneHz, level }) => {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  let number = 0;
  const paint = () => {
    colours.forEach(([red, green, blue], column) => {
      context.fillStyle = `rgb(${red} ${green} ${blue})`;
      context.fillRect((column * width) / colours.length, 0, width / colours.length, height / 2);
    });
    for (let bit = 0; bit < bits; bit += 1) {
      const light = (number >> (bits - 1 - bit)) & 1 ? 235 : 0;
      context.fillStyle = `rgb(${light} ${light} ${light})`;
      context.fillRect((bit * width) / bits, height / 2, width / bits, height / 2);
    }
    number = (number + 1) % 2 ** bits;
  };
  paint();
  setInterval(paint, 1000 / fps);

  const sound = new AudioContext();
  const [tone, gain, output] = [sound.createOscillator(), sound.createGain(), sound.createMediaStreamDestination()];
  tone.frequency.value = toneHz;
  gain.gain.value = level;
  tone.connect(gain).connect(output);
  tone.start();
  return { custom: { video: { source: canvas.captureStream(fps) }, audio: { source: output.stream } } };
}
