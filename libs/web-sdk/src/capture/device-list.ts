import { Code } from "../codes.js";
import type { ZegoDeviceInfo, ZegoDeviceInfos } from "../entities/index.js";
import { ZegoError } from "../errors.js";
import { mediaDevices } from "./media-devices.js";

const KINDS = { cameras: "videoinput", microphones: "audioinput", speakers: "audiooutput" } as const;

async function list(): Promise<MediaDeviceInfo[]> {
  const devices = mediaDevices();
  if (devices === undefined) throw new ZegoError(Code.HTTPS_NEEDED, "Devices are listed on HTTPS pages only.");
  try {
    return await devices.enumerateDevices();
  } catch (thrown) {
    throw new ZegoError(Code.ENUMERATE_FAILED, (thrown as Error).message);
  }
}

/** Browsers name them only to pages that have used a device: open those of the missing kinds for a moment. */
async function listWithNames(wanted: readonly MediaDeviceKind[]): Promise<MediaDeviceInfo[]> {
  const found = await list();
  const nameless = (kind: MediaDeviceKind): boolean =>
    wanted.includes(kind) && found.some((each) => each.kind === kind && each.label === "");
  const video = nameless("videoinput");
  const audio = nameless("audioinput") || nameless("audiooutput");
  if (!video && !audio) return found;
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video, audio });
    const named = await list();
    stream.getTracks().forEach((track) => track.stop());
    return named;
  } catch {
    // Refused or in use: the list without names is still a list.
    return found;
  }
}

function toInfo(device: MediaDeviceInfo): ZegoDeviceInfo {
  return { deviceName: device.label, deviceID: device.deviceId };
}

export async function devicesOf(group: keyof ZegoDeviceInfos): Promise<ZegoDeviceInfo[]> {
  const kind = KINDS[group];
  return (await listWithNames([kind])).filter((each) => each.kind === kind).map(toInfo);
}

export async function allDevices(): Promise<ZegoDeviceInfos> {
  const found = await listWithNames(Object.values(KINDS));
  const of = (kind: MediaDeviceKind): ZegoDeviceInfo[] => found.filter((each) => each.kind === kind).map(toInfo);
  return { cameras: of(KINDS.cameras), microphones: of(KINDS.microphones), speakers: of(KINDS.speakers) };
}
