import type { ZegoServerResponse } from "./entities/index.js";

/** What rejected promises carry. All five properties: newer apps read the first two, older ones the rest. */
export class ZegoError extends Error implements ZegoServerResponse {
  readonly errorCode: number;
  readonly extendedData: string;
  readonly code: number;
  readonly msg: string;

  constructor(code: number, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.name = "ZegoError";
    this.errorCode = code;
    this.code = code;
    this.msg = message;
    this.extendedData = JSON.stringify({ message, ...details });
  }
}

/** An error of ours, whatever was thrown. */
export function toZegoError(thrown: unknown, fallbackCode: number): ZegoError {
  if (thrown instanceof ZegoError) return thrown;
  return new ZegoError(fallbackCode, thrown instanceof Error ? thrown.message : String(thrown));
}

/** The server refused a request. */
export class RequestFailed extends ZegoError {
  constructor(
    code: number,
    message: string,
    readonly reason: string,
    readonly retryable: boolean,
  ) {
    super(code, message, { reason });
  }
}

/** The peer connection a request was meant for is gone; the same is worth trying with a new one. */
export class PeerLost extends ZegoError {}
