// Files of chats: sent with progress, and fetched to be saved. The page shows none of them: what a
// customer sends is opened by nobody here but the browser's own way of saving.

import { Refused, type Api } from "./api";
import type { SentFile } from "./shapes";
import { language } from "./words";

const UPLOAD_MS = 200_000;
const FETCH_MS = 60_000;
const FOR_GOOD = ["type", "mixed", "empty", "size", "many", "over"]; // it would be refused again

/** What is known of a file that is on its way. */
export interface Upload {
  file?: File;
  part?: number; // so much of it is sent, of 1
  why?: string; // it was not taken
  final?: boolean; // and never will be
}

/** A file that was not taken, in the agent's language. `final`: trying again is no use. */
export class NotTaken extends Refused {
  constructor(
    status: number,
    message: string,
    readonly final: boolean,
  ) {
    super(status, message);
  }
}

export function upload(api: Api, path: string, file: File, told: (part: number) => void): Promise<void> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/${path}`);
    request.timeout = UPLOAD_MS;
    const name = file.name.slice(-250).replace(/[\ud800-\udfff]/gu, "");
    const headers = { ...api.headers, "File-Name": encodeURIComponent(name), "Content-Type": "application/octet-stream" };
    for (const [header, value] of Object.entries(headers)) request.setRequestHeader(header, value);
    request.upload.onprogress = (event) => told(event.total ? event.loaded / event.total : 0);
    request.onloadend = () => (request.status === 201 ? done() : failed(refusal(request)));
    request.send(file);
  });
}

function refusal(request: XMLHttpRequest): Refused {
  try {
    const told = JSON.parse(request.responseText) as { why?: string; say?: Record<string, string>; detail?: string };
    const words = told.say?.[language.value];
    if (words) return new NotTaken(request.status, words, FOR_GOOD.includes(told.why ?? ""));
    return new Refused(request.status, told.detail ?? "");
  } catch {
    return new Refused(request.status, "");
  }
}

export async function save(api: Api, file: SentFile): Promise<void> {
  let answer: Response;
  try {
    const signal = AbortSignal.timeout(FETCH_MS);
    answer = await fetch(`/api/v1/files/${encodeURIComponent(file.id)}`, { headers: api.headers, signal, cache: "no-store" });
  } catch {
    throw new Refused(0, "");
  }
  if (!answer.ok) throw new Refused(answer.status, "");
  const kept = new Blob([await answer.arrayBuffer()], { type: "application/octet-stream" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(kept);
  link.download = file.name ?? "";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), FETCH_MS);
}

export function inWords(bytes: number): string {
  const [value, unit] = bytes < 1000 ? [bytes, "B"] : bytes < 1e6 ? [bytes / 1000, "KB"] : [bytes / 1e6, "MB"];
  return `${value.toLocaleString(language.value, { maximumFractionDigits: unit === "MB" ? 1 : 0 })} ${unit}`;
}
