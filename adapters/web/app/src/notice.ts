// Tells the agent of something new without getting in the way: the tab's title, and two soft tones
// if the agent wants them. Browsers give sound only after a press or a key: until then there is none.

import { ref, watch, type Ref } from "vue";

const KEPT = "hotline.sound";
const EVERY_MS = 4000;

export class Notice {
  readonly sound = ref(localStorage.getItem(KEPT) === "on");
  private audio: AudioContext | null = null;
  private timer = 0;
  private readonly stopWatching: () => void;
  private readonly wake = () => {
    if (this.sound.value) this.arm();
  };

  /** `ringing`: so many wait for an answer; `unread`: so many lines. */
  constructor(ringing: Ref<number>, unread: Ref<number>, title: () => string) {
    const told = () => [ringing.value, unread.value, title()] as const;
    this.stopWatching = watch(told, ([rings, lines, name]) => this.show(rings, lines, name), { immediate: true });
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, this.wake);
  }

  end(): void {
    this.stopWatching();
    clearInterval(this.timer);
    for (const kind of ["pointerdown", "keydown"]) removeEventListener(kind, this.wake);
    document.title = "Hotline";
    void this.audio?.close();
  }

  turn(): void {
    this.sound.value = !this.sound.value;
    localStorage.setItem(KEPT, this.sound.value ? "on" : "off");
    if (!this.sound.value) return;
    this.arm();
    this.play();
  }

  private show(rings: number, lines: number, name: string): void {
    const count = rings + lines;
    document.title = `${rings ? "● " : ""}${count ? `(${count}) ` : ""}${name}`;
    clearInterval(this.timer);
    this.timer = 0;
    if (!rings) return;
    this.play();
    this.timer = window.setInterval(() => this.play(), EVERY_MS);
  }

  private arm(): void {
    this.audio ??= new AudioContext();
    if (this.audio.state === "suspended") void this.audio.resume().catch(() => undefined);
  }

  private play(): void {
    const audio = this.audio;
    if (!this.sound.value || audio?.state !== "running") return;
    [659, 880].forEach((pitch, place) => {
      const [tone, loudness] = [audio.createOscillator(), audio.createGain()];
      const at = audio.currentTime + place * 0.18;
      tone.frequency.value = pitch;
      loudness.gain.setValueAtTime(0, at);
      loudness.gain.linearRampToValueAtTime(0.12, at + 0.03);
      loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
      tone.connect(loudness).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.55);
    });
  }
}
