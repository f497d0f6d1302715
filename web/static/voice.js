// Voice messages: recorded by the browser up to a limit, with a drawing of how loud they are; played from that drawing.
"use strict";
{
  const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
  const BARS = 40;
  const TALLEST = 15;
  const EVERY = 100;
  const tell = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

  // --- playing ---------------------------------------------------------------------------------------------------------
  const enhanceOne = (bubble) => {
    const audio = bubble.querySelector("audio");
    const button = bubble.querySelector(".play");
    const heard = bubble.querySelector(".heard");
    const left = bubble.querySelector("[data-left]");
    const whole = left.textContent;
    const length = () => Number(button.dataset.seconds) || (Number.isFinite(audio.duration) ? audio.duration : 0);
    const draw = () => {
      const share = length() ? Math.min(1, audio.currentTime / length()) : 0;
      heard.style.clipPath = `inset(0 ${100 - share * 100}% 0 0)`;
      left.textContent = audio.paused && !share ? whole : tell(Math.floor(audio.currentTime));
    };
    const mark = () => {
      button.classList.toggle("is-on", !audio.paused);
      button.setAttribute("aria-label", audio.paused ? button.dataset.play : button.dataset.pause);
      draw();
    };
    audio.controls = false;
    button.hidden = false;
    button.addEventListener("click", () => {
      if (!audio.paused) return audio.pause();
      for (const other of document.querySelectorAll(".chat audio")) if (other !== audio) other.pause();
      return audio.play().catch(() => (audio.controls = true)); // the browser says itself why it cannot
    });
    for (const name of ["play", "pause", "timeupdate"]) audio.addEventListener(name, mark);
    audio.addEventListener("ended", () => {
      audio.currentTime = 0;
      mark();
    });
    draw();
  };
  const enhance = (part) => {
    const found = part.matches(".voice") ? [part] : part.querySelectorAll(".voice");
    for (const one of found) enhanceOne(one);
  };

  // --- recording -------------------------------------------------------------------------------------------------------
  // As many bars as a drawing has, each as high as the loudest moment in its share of the time.
  const sum = (levels) => {
    const most = Math.max(...levels, 0.02);
    const count = Math.min(BARS, Math.max(1, levels.length));
    return Array.from({ length: count }, (_, place) => {
      const share = levels.slice(Math.floor((place * levels.length) / count), Math.floor(((place + 1) * levels.length) / count));
      return Math.max(1, Math.round((Math.max(0, ...share) / most) * TALLEST));
    });
  };

  class Recording {
    constructor(stream, limit, onLevel, onFull) {
      this.stream = stream;
      this.levels = [];
      this.parts = [];
      this.recorder = new MediaRecorder(stream, { mimeType: KINDS.find((one) => MediaRecorder.isTypeSupported(one)), audioBitsPerSecond: 24_000 });
      this.recorder.addEventListener("dataavailable", ({ data }) => this.parts.push(data));
      this.context = new AudioContext();
      const analyser = Object.assign(this.context.createAnalyser(), { fftSize: 512 });
      this.context.createMediaStreamSource(stream).connect(analyser);
      const sample = new Float32Array(analyser.fftSize);
      this.timer = setInterval(() => {
        analyser.getFloatTimeDomainData(sample);
        this.levels.push(Math.max(...sample.map(Math.abs)));
        onLevel(this);
        if (this.elapsed >= limit) onFull();
      }, EVERY);
      this.recorder.start();
      this.began = performance.now();
    }

    // In seconds. A browser may call a timer late, so they are not counted.
    get elapsed() {
      return ((this.ended ?? performance.now()) - this.began) / 1000;
    }

    // No more sound comes in; what was recorded stays.
    halt() {
      clearInterval(this.timer);
      this.ended ??= performance.now();
      if (this.recorder.state === "inactive") return Promise.resolve();
      const ended = new Promise((done) => this.recorder.addEventListener("stop", done, { once: true }));
      this.recorder.stop();
      for (const track of this.stream.getTracks()) track.stop();
      this.context.close();
      return ended;
    }
  }

  // Shows the microphone where there is one; `send` gets the sound, its length and its drawing.
  const offer = (form, send, say) => {
    const start = form.querySelector("[data-mic]");
    const [writing, bar] = form.querySelectorAll(".say-row");
    const clock = bar.querySelector("[data-clock]");
    const level = bar.querySelector("[data-level]");
    const limit = Number(form.dataset.limit);
    let recording = null;

    const draw = ({ levels, elapsed }) => {
      clock.textContent = tell(Math.min(limit, Math.floor(elapsed)));
      const bars = levels.slice(-56);
      level.setAttribute("d", bars.map((one, place) => {
        const half = 1 + Math.min(10, one * 20);
        return `M${place * 2 + 1} ${(12 - half).toFixed(1)}V${(12 + half).toFixed(1)}`;
      }).join(""));
    };
    const change = (isRecording) => {
      writing.hidden = isRecording;
      bar.hidden = !isRecording;
      (isRecording ? bar.querySelector("[data-send-voice]") : start).focus();
    };
    const end = async (isSent) => {
      const done = recording;
      recording = null;
      await done?.halt();
      change(false);
      const seconds = Math.min(limit, Math.max(1, Math.round(done?.elapsed)));
      if (done && isSent) send(new Blob(done.parts, { type: done.recorder.mimeType }), seconds, sum(done.levels));
    };

    if (!globalThis.MediaRecorder || !navigator.mediaDevices) return;
    start.hidden = false;
    start.addEventListener("click", async () => {
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
        recording = new Recording(stream, limit, draw, () => recording?.halt());
      } catch {
        say(form.dataset.deaf);
        return;
      }
      say("");
      change(true);
    });
    bar.querySelector("[data-cancel]").addEventListener("click", () => end(false));
    bar.querySelector("[data-send-voice]").addEventListener("click", () => end(true));
    bar.addEventListener("keydown", (event) => event.key === "Escape" && end(false));
    window.addEventListener("pagehide", () => recording?.halt());
  };

  globalThis.voice = { enhance, offer };
}
