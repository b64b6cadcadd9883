// Whether this browser has any address of its own to reach a relay from. Firefox has none while the machine has no
// network, nor have browsers that may connect through proxies alone; and where a page is at localhost and may use neither
// camera nor microphone, some keep theirs to themselves. Nothing else says so: calls just stay without picture and sound.

const PATIENCE_MS = 10_000;

export function hasAddress() {
  const connection = new RTCPeerConnection();
  const found = new Promise((resolve) => {
    connection.onicecandidate = ({ candidate }) => {
      if (candidate === null) resolve(false);
      else if (candidate.candidate !== "") resolve(true);
    };
    setTimeout(resolve, PATIENCE_MS, false);
    connection.createDataChannel("");
    connection
      .createOffer()
      .then((offer) => connection.setLocalDescription(offer))
      .catch(() => resolve(false));
  });
  return found.finally(() => connection.close());
}
