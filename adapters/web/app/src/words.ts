// Says the texts of the page in the language that the agent has chosen, and times.

import { ref } from "vue";
import { en, zh, type Key } from "./texts";

export type { Key };
export type Language = "en" | "zh";
const KEPT = "hotline.language";
const kept = localStorage.getItem(KEPT);
const usual = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";

export const language = ref<Language>(kept === "en" || kept === "zh" ? kept : usual);
document.documentElement.lang = language.value;

export function speak(wanted: Language): void {
  language.value = wanted;
  localStorage.setItem(KEPT, wanted);
  document.documentElement.lang = wanted;
}

export function say(key: Key, values: Record<string, unknown> = {}): string {
  const text = (language.value === "zh" ? zh : en)[key];
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** A word of the API that we have words for; any other as it is. */
export function sayOr(key: string, otherwise = key, values: Record<string, unknown> = {}): string {
  return key in en ? say(key as Key, values) : otherwise;
}

/** Minutes and seconds, 3:12; hours only where there are some. */
export function clock(milliseconds: number): string {
  const whole = Math.max(0, Math.round(milliseconds / 1000));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** Day and time. */
export function day(at: number | string | null): string {
  if (at === null) return "";
  const locale = language.value === "zh" ? "zh-CN" : "en-GB";
  const form = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } as const;
  return new Intl.DateTimeFormat(locale, form).format(new Date(at));
}

/** The time of day. */
export function hour(at: number | null): string {
  if (at === null) return "";
  const locale = language.value === "zh" ? "zh-CN" : "en-GB";
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(at);
}
